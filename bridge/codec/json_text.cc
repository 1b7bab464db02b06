#include "bridge/codec/json_text.h"

#include <array>

#include "bridge/base/text.h"

namespace millrace::codec {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Skips digits from `at` on; false when there is none.
bool skip_digits(std::string_view text, std::size_t& at) {
    const auto first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > first;
}

// Behind the closing quote of the string opened at `quote`, or `end`.
const char* skip_string(const char* quote, const char* end) {
    for (const char* at = quote + 1; at < end; ++at) {
        if (*at == '"') return at + 1;
        if (*at == '\\') ++at;
    }
    return end;
}

constexpr bool is_structural(char c) { return c == '"' || c == ',' || c == '{' || c == '}' || c == '[' || c == ']'; }

constexpr auto kStructural = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) table[c] = is_structural(static_cast<char>(c));
    return table;
}();

}  // namespace

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    return text;
}

bool is_number(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    if (at < text.size() && text[at] == '0') {
        ++at;
    } else if (!skip_digits(text, at)) {
        return false;
    }
    if (at < text.size() && text[at] == '.' && !skip_digits(text, ++at)) return false;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (!skip_digits(text, at)) return false;
    }
    return at == text.size();
}

bool has_good_escapes(std::string_view inside_quotes) {
    constexpr std::string_view kShort = "\"\\/bfnrt";
    for (auto at = inside_quotes.find('\\'); at != std::string_view::npos; at = inside_quotes.find('\\', at)) {
        const auto escape = inside_quotes.substr(at + 1, 5);
        if (escape.empty()) return false;
        if (kShort.find(escape[0]) != std::string_view::npos) {
            at += 2;
            continue;
        }
        if (escape.size() < 5 || escape[0] != 'u') return false;
        for (const char c : escape.substr(1)) {
            if (!is_hex(c)) return false;
        }
        at += 6;
    }
    return true;
}

bool is_scalar(std::string_view text) {
    if (text.empty()) return false;
    switch (text.front()) {
        case '"':
            return text.size() >= 2 && text.back() == '"' && has_good_escapes(text.substr(1, text.size() - 2));
        case 't':
            return text == "true";
        case 'f':
            return text == "false";
        case 'n':
            return text == "null";
        default:
            return is_number(text);
    }
}

std::size_t element_end(std::string_view text, std::size_t from) {
    const char* const end = text.data() + text.size();
    std::size_t depth = 0;
    for (const char* at = text.data() + from; at < end;) {
        const char c = *at;
        if (!kStructural[static_cast<unsigned char>(c)]) {
            ++at;
        } else if (c == '"') {
            at = skip_string(at, end);
        } else {
            if (depth == 0 && (c == ',' || c == ']')) return static_cast<std::size_t>(at - text.data());
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && depth > 0) --depth;
            ++at;
        }
    }
    return std::string_view::npos;
}

std::string quoted(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

std::string member_key(std::string_view name) { return quoted(name) += ':'; }

}  // namespace millrace::codec
