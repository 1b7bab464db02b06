#include "bridge/protocols/json_pointer.h"

#include <charconv>

#include "bridge/protocols/json_reader.h"

namespace millrace::protocols {
namespace {

std::optional<std::string> unescape_token(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '~') {
            out += token[i];
            continue;
        }
        if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
        out += token[i] == '0' ? '~' : '/';
    }
    return out;
}

}  // namespace

Result<std::vector<std::string>> parse_pointer(std::string_view pointer) {
    const auto refuse = [pointer](std::string_view rule) {
        return fail(ErrorCode::invalid, '"' + std::string(pointer) + "\" is no JSON Pointer: " + std::string(rule));
    };
    std::vector<std::string> tokens;
    if (pointer.empty()) return tokens;
    if (!is_utf8(pointer)) return refuse("it is not UTF-8");
    if (pointer.front() != '/') return refuse("it must begin with a slash (write /predictions), or be empty");
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        const std::size_t length = std::min(pointer.find('/'), pointer.size());
        auto token = unescape_token(pointer.substr(0, length));
        if (!token) return refuse("after ~ comes 0 or 1 (write ~0 for ~, ~1 for /)");
        if (tokens.size() == kMaxPointerTokens) return refuse("it has more than 16 parts");
        tokens.push_back(std::move(*token));
        pointer.remove_prefix(length);
    }
    return tokens;
}

std::optional<std::size_t> as_index(std::string_view token) {
    if (token.empty() || (token.size() > 1 && token.front() == '0')) return std::nullopt;
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
    if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
    return index;
}

}  // namespace millrace::protocols
