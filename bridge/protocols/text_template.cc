#include "bridge/protocols/text_template.h"

#include <algorithm>
#include <limits>

#include "bridge/base/check.h"
#include "bridge/protocols/columns.h"
#include "bridge/protocols/json_reader.h"

namespace millrace::protocols {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

bool is_identifier(std::string_view text) {
    const auto letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto also_digit = [letter](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    return !text.empty() && letter(text.front()) && std::ranges::all_of(text, also_digit);
}

// What stands between braces inside a string, as the string escapes it: the feature of that name, or kNone.
std::size_t find(const std::vector<std::string>& names, std::string_view raw) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::string_view(names[i]).substr(1, names[i].size() - 2) == raw) return i;
    }
    return kNone;
}

}  // namespace

Result<TextTemplate> TextTemplate::make(std::string_view json, const std::vector<settings::Feature>& features) {
    JsonReader reader(json);
    reader.skip();
    if (!is_utf8(json) || !reader.finish()) return fail(ErrorCode::invalid, "is no JSON");
    const Columns columns(features);
    TextTemplate made;
    std::string text;
    bool in_string = false;
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        if (c == '"') in_string = !in_string;
        if (in_string && c == '\\') {
            text += json.substr(at, 2);
            at += 2;
            continue;
        }
        const bool twice = json.substr(at).starts_with("{{");
        const std::size_t open = at + (twice ? 2 : 1);
        const std::size_t close = json.find(twice ? "}}" : "}", open);
        if (in_string && c == '{' && close != std::string_view::npos) {
            const std::string_view name = json.substr(open, close - open);
            const std::size_t feature = find(columns.names(), name);
            if (feature == kNone && !twice && is_identifier(name)) {
                return fail(ErrorCode::invalid, "'{" + std::string(name) +
                                                    "}' is no feature (add it to event.features, or "
                                                    "write {{" +
                                                    std::string(name) + "}} for the text itself)");
            }
            if (twice && (feature != kNone || is_identifier(name))) {
                text.append("{").append(name).append("}");
                at = close + 2;
                continue;
            }
            if (!twice && feature != kNone) {
                made.pieces_.push_back({std::move(text), feature});
                text.clear();
                at = close + 1;
                continue;
            }
        }
        text += c;
        ++at;
    }
    if (made.pieces_.empty()) {
        return fail(ErrorCode::invalid, "names no feature, so every event would ask the same (write {NAME} in a text)");
    }
    made.pieces_.push_back({std::move(text), kNone});
    return made;
}

std::string TextTemplate::fill(std::string_view row) const {
    std::vector<std::string_view> values;
    JsonReader reader(row);
    reader.enter();
    while (reader.more()) values.push_back(reader.skip());
    std::string text;
    for (const Piece& piece : pieces_) {
        text += piece.text;
        if (piece.feature == kNone) break;
        MILLRACE_CHECK(piece.feature < values.size(), "a row has one value per feature");
        const std::string_view value = values[piece.feature];
        text += value.starts_with('"') ? value.substr(1, value.size() - 2) : value;
    }
    return text;
}

}  // namespace millrace::protocols
