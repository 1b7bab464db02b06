#include "subjects/tenant.h"

#include <algorithm>

namespace millrace::subjects {
namespace {

constexpr std::size_t kLongest = 64;

bool is_of_tenant(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// Each star takes as little as it can; where that fails, the last one takes one character more.
bool fits(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken_to = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken_to = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken_to;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool is_tenant(std::string_view token) {
    return !token.empty() && token.size() <= kLongest && std::ranges::all_of(token, is_of_tenant);
}

bool is_tenant_pattern(std::string_view text) {
    return !text.empty() && text.size() <= kLongest &&
           std::ranges::all_of(text, [](char c) { return c == '*' || is_of_tenant(c); });
}

bool is_allowed(std::span<const std::string> patterns, std::string_view tenant) {
    return patterns.empty() ||
           std::ranges::any_of(patterns, [&](const std::string& pattern) { return fits(pattern, tenant); });
}

}  // namespace millrace::subjects
