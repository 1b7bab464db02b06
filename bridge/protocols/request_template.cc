#include "bridge/protocols/request_template.h"

#include <vector>

#include "bridge/base/text.h"
#include "bridge/protocols/json_pointer.h"
#include "bridge/protocols/json_reader.h"

namespace millrace::protocols {
namespace {

using Kind = JsonReader::Kind;

// The text around the hole, as it grows from the outside in.
struct Frame {
    std::string before;
    std::string after;
};

// Copies a container's text on both sides of the child the pointer goes into. The child's own text, where there is
// one, is left out and given back.
struct Child {
    std::string_view text;  // empty: the container has none of that name
    bool twice = false;
};

Child split_object(std::string_view object, const std::string& token, Frame& frame) {
    std::string head = "{";
    std::string tail;
    Child child;
    JsonReader reader(object);
    reader.enter();
    while (reader.more()) {
        const std::string_view name = reader.key();
        const std::string_view value = reader.skip();
        if (is_name(name, token)) {
            child.twice = !child.text.empty();
            child.text = value;
            continue;
        }
        if (child.text.empty()) {
            head.append("\"").append(name).append("\":").append(value).append(",");
        } else {
            tail.append(",\"").append(name).append("\":").append(value);
        }
    }
    append_quoted(head, token);
    frame.before += head + ':';
    frame.after.insert(0, tail + '}');
    return child;
}

Child split_array(std::string_view array, const std::string& token, Frame& frame) {
    const auto index = as_index(token);
    std::string head = "[";
    std::string tail;
    Child child;
    JsonReader reader(array);
    reader.enter();
    for (std::size_t at = 0; reader.more(); ++at) {
        const std::string_view value = reader.skip();
        if (at == index) {
            child.text = value;
        } else if (child.text.empty()) {
            head.append(value).append(",");
        } else {
            tail.append(",").append(value);
        }
    }
    frame.before += head;
    frame.after.insert(0, tail + ']');
    return child;
}

Result<void> check_extras(std::string_view extras) {
    if (!is_utf8(extras)) return fail(ErrorCode::invalid, "extras: the text is not UTF-8");
    JsonReader reader(extras);
    const Kind kind = reader.peek();
    reader.skip();
    if (!reader.finish()) return fail(ErrorCode::invalid, "extras: no JSON: " + reader.complaint());
    if (kind != Kind::object)
        return fail(ErrorCode::invalid, "extras: must be a JSON object (write {\"name\": value})");
    return {};
}

}  // namespace

Result<RequestTemplate> RequestTemplate::make(std::string_view pointer, std::string_view extras) {
    const auto tokens = parse_pointer(pointer);
    if (!tokens) return std::unexpected(tokens.error());
    if (!extras.empty()) {
        if (auto good = check_extras(extras); !good) return std::unexpected(good.error());
        if (tokens->empty()) {
            return fail(ErrorCode::invalid, "extras: need a body that is an object, but the rows are the whole body");
        }
    }
    Frame frame;
    std::string_view here = extras;  // the text at this level of the extras; empty where they end
    std::string path;
    for (const std::string& token : *tokens) {
        path += '/' + token;
        const Kind kind = here.empty() ? Kind::object : JsonReader(here).peek();
        if (kind != Kind::object && kind != Kind::array) {
            return fail(ErrorCode::invalid,
                        "extras: hold a single value where the way to the rows leads on, at " + path);
        }
        const Child child = kind == Kind::array ? split_array(here, token, frame)
                                                : split_object(here.empty() ? "{}" : here, token, frame);
        if (child.twice) return fail(ErrorCode::invalid, "extras: have a member twice, " + path);
        if (kind == Kind::array && child.text.empty()) {
            return fail(ErrorCode::invalid, "extras: have an array without the element " + path);
        }
        here = child.text;
    }
    if (!here.empty()) {
        if (tokens->empty()) return fail(ErrorCode::invalid, "extras: the rows are the whole body");
        return fail(ErrorCode::invalid, "extras: hold a value already where the rows go, at " + path);
    }
    RequestTemplate made;
    made.before_ = std::move(frame.before);
    made.after_ = std::move(frame.after);
    return made;
}

std::string RequestTemplate::put(std::string_view value) const {
    std::string body;
    body.reserve(before_.size() + value.size() + after_.size());
    body += before_;
    body += value;
    body += after_;
    return body;
}

std::string RequestTemplate::fill(std::span<const std::string_view> rows) const {
    std::size_t size = before_.size() + after_.size() + rows.size() + 1;
    for (const std::string_view row : rows) size += row.size();
    std::string body;
    body.reserve(size);
    body += before_;
    body += '[';
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i != 0) body += ',';
        body += rows[i];
    }
    body += ']';
    body += after_;
    return body;
}

}  // namespace millrace::protocols
