#include "subjects/tenant.h"

#include <algorithm>

namespace millrace::subjects {

bool is_tenant(std::string_view token) {
    return !token.empty() && token.size() <= 64 && std::ranges::all_of(token, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

}  // namespace millrace::subjects
