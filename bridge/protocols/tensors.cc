#include "bridge/protocols/tensors.h"

#include <charconv>
#include <optional>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/list_reader.h"
#include "bridge/protocols/non_finite.h"

namespace millrace::protocols {
namespace {

using settings::NonFinite;
using Kind = JsonReader::Kind;

constexpr std::size_t kMaxOutputs = 256;
constexpr std::size_t kMaxDimensions = 16;

struct Output {
    std::string_view raw_name = {};
    std::string_view shape = {};
    std::string_view data = {};
};

// Everything of the body is read; a problem is the first one met.
class Outputs : ListReader {
  public:
    Outputs(std::string_view body, NonFinite policy) : ListReader(body, policy != NonFinite::error) {
        read_list("outputs", "the list of outputs", [this] { element(); });
        if (outputs_.empty()) complain("found no outputs");
    }

    // What is wrong with the body, or nothing.
    std::string complaint() {
        if (!reader_.finish()) return "the body is no JSON: " + reader_.complaint();
        return problem_;
    }
    const std::vector<Output>& all() const { return outputs_; }

  private:
    void element() {
        if (outputs_.size() == kMaxOutputs) {
            complain("found more than 256 outputs");
            reader_.skip();
        } else if (enter(Kind::object, "an output")) {
            output();
        }
    }

    void output() {
        Output out;
        while (reader_.more()) {
            const std::string_view key = reader_.key();
            std::string_view* const wanted = is_name(key, "name")    ? &out.raw_name
                                             : is_name(key, "shape") ? &out.shape
                                             : is_name(key, "data")  ? &out.data
                                                                     : nullptr;
            const bool text = reader_.peek() == Kind::string;
            const std::string_view value = reader_.skip();
            if (wanted == nullptr) continue;
            if (!wanted->empty()) complain("found an output with \"" + std::string(key) + "\" more than once");
            if (text != (wanted == &out.raw_name))
                complain("found an output whose \"" + std::string(key) + "\" is of the wrong type");
            *wanted = value;
        }
        if (reader_.failed()) return;
        if (out.raw_name.empty() || out.shape.empty() || out.data.empty()) {
            return complain("found an output without name, shape or data");
        }
        for (const Output& other : outputs_) {
            if (other.raw_name == out.raw_name) return complain("found two outputs " + std::string(out.raw_name));
        }
        outputs_.push_back(out);
    }

    std::vector<Output> outputs_;
};

// The dimensions, or nothing for a text that is no list of whole numbers.
std::optional<std::vector<std::size_t>> dimensions(std::string_view shape) {
    std::vector<std::size_t> sizes;
    JsonReader reader(shape);
    if (reader.peek() != Kind::array) return std::nullopt;
    reader.enter();
    while (reader.more()) {
        const std::string_view text = reader.skip();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sizes.emplace_back());
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
        if (sizes.size() > kMaxDimensions) return std::nullopt;
    }
    return sizes;
}

// Writes each row's slice of one output behind the row's text.
class Slicer {
  public:
    // Requires: a first dimension, which is `texts.size()`.
    Slicer(const std::vector<std::size_t>& shape, std::vector<std::string>& texts, NonFinite policy)
        : shape_(shape), nesting_(shape.size()), texts_(texts), policy_(policy) {
        if (shape.size() == 2 && shape[1] == 1) shape_.pop_back();
    }

    bool slice(std::string_view data) {
        if (!count_leaves(data.size())) return false;
        JsonReader reader(data, policy_ != NonFinite::error);
        if (reader.peek() != Kind::array) return false;
        JsonReader first = reader;
        first.enter();
        const bool nested = first.more() && first.peek() == Kind::array;
        if (row_leaves_ == 0) {
            for (std::string& text : texts_) text += "[]";
        }
        return (nested ? read_nested(reader, 0) : read_flat(reader)) && at_ == leaves_;
    }

  private:
    // A value takes a byte at least, so more leaves than `most` cannot be.
    bool count_leaves(std::size_t most) {
        for (std::size_t i = 1; i < shape_.size(); ++i) {
            if (shape_[i] != 0 && row_leaves_ > most / shape_[i]) return false;
            row_leaves_ *= shape_[i];
        }
        if (row_leaves_ != 0 && shape_[0] > most / row_leaves_) return false;
        leaves_ = shape_[0] * row_leaves_;
        return true;
    }

    bool read_flat(JsonReader& reader) {
        reader.enter();
        while (reader.more()) {
            if (!leaf(reader)) return false;
        }
        return true;
    }

    bool read_nested(JsonReader& reader, std::size_t level) {
        if (level == nesting_) return leaf(reader);
        if (reader.peek() != Kind::array) return false;
        const std::size_t size = level < shape_.size() ? shape_[level] : 1;
        std::size_t found = 0;
        reader.enter();
        while (reader.more()) {
            if (++found > size || !read_nested(reader, level + 1)) return false;
        }
        return found == size;
    }

    bool leaf(JsonReader& reader) {
        const Kind kind = reader.peek();
        if (kind == Kind::array || kind == Kind::object || at_ == leaves_) return false;
        std::string& text = texts_[at_ / row_leaves_];
        const std::size_t place = at_++ % row_leaves_;
        if (place != 0) text += ',';
        brackets(text, place, '[');
        const std::string_view value = reader.skip();
        text += kind == Kind::non_finite ? finite(value, policy_) : value;
        brackets(text, place + 1, ']');
        return true;
    }

    // One for each dimension that begins, or ends, at that place of a row.
    void brackets(std::string& text, std::size_t place, char bracket) const {
        std::size_t block = 1;
        for (std::size_t i = shape_.size(); i-- > 1;) {
            block *= shape_[i];
            if (place % block != 0) return;
            text += bracket;
        }
    }

    std::vector<std::size_t> shape_;  // of the results: a second dimension of 1 is left out where it is the last
    std::size_t nesting_;             // of nested data
    std::vector<std::string>& texts_;
    NonFinite policy_;
    std::size_t row_leaves_ = 1;
    std::size_t leaves_ = 0;
    std::size_t at_ = 0;
};

}  // namespace

std::string tensor(std::string_view name, std::string_view datatype, std::size_t rows, std::size_t columns,
                   std::string_view data) {
    std::string text = "{\"name\":";
    text.append(name).append(",\"shape\":[").append(std::to_string(rows)).append(",").append(std::to_string(columns));
    return text.append("],\"datatype\":\"").append(datatype).append("\",\"data\":[").append(data).append("]}");
}

Results read_tensors(std::string_view body, std::size_t rows, NonFinite policy) {
    if (!is_utf8(body)) return fail(ErrorCode::invalid, "the body is not UTF-8");
    Outputs outputs(body, policy);
    if (const std::string problem = outputs.complaint(); !problem.empty()) {
        return fail(ErrorCode::invalid, problem.starts_with("the body") ? problem : expected(rows) + ", " + problem);
    }
    const bool several = outputs.all().size() > 1;
    std::vector<std::vector<std::size_t>> shapes;
    for (const Output& output : outputs.all()) {
        auto shape = dimensions(output.shape);
        const std::string where = " in " + std::string(output.raw_name);
        if (!shape || shape->empty()) {
            return fail(ErrorCode::invalid, expected(rows) + ", found an unreadable shape" + where);
        }
        if (shape->front() != rows) {
            return fail(ErrorCode::invalid, expected(rows) + ", found " + std::to_string(shape->front()) + where);
        }
        shapes.push_back(std::move(*shape));
    }
    std::vector<std::string> texts(rows);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        const Output& output = outputs.all()[i];
        if (several) {
            for (std::string& text : texts) text.append(i == 0 ? "{" : ",").append(output.raw_name).append(":");
        }
        if (!Slicer(shapes[i], texts, policy).slice(output.data)) {
            return fail(ErrorCode::invalid,
                        expected(rows) + ", found data that is not of its shape in " + std::string(output.raw_name));
        }
    }
    if (several) {
        for (std::string& text : texts) text += '}';
    }
    return texts;
}

}  // namespace millrace::protocols
