#include "subjects/headers.h"

#include <algorithm>

namespace millrace::subjects {

namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxValue = 4096;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name_char(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

bool is_printable(char c) { return c >= 0x20 && c <= 0x7e; }

// `expected` is in lower case.
bool same(std::string_view name, std::string_view expected) { return std::ranges::equal(name, expected, {}, lower); }

}  // namespace

bool is_passed_on(std::string_view name) {
    // A list of what may pass, so nobody has to think of every name that may not.
    return same(name, "traceparent") || same(name, "tracestate") || (name.size() > 3 && same(name.substr(0, 3), "ce-"));
}

bool is_safe_header(const Header& header) {
    const auto& [name, value] = header;
    return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, is_name_char) &&
           value.size() <= kMaxValue && std::ranges::all_of(value, is_printable);
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out(text.substr(0, limit));
    std::ranges::replace_if(out, [](char c) { return !is_printable(c); }, '?');
    return out;
}

}  // namespace millrace::subjects
