// Looking a header up. Names are compared as they are written, as NATS servers do.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "bridge/base/event.h"

namespace millrace {

// The first of that name; null when there is none. Lives as long as `headers` are not changed.
inline const std::string* find_header(std::span<const Header> headers, std::string_view name) {
    const auto found = std::ranges::find(headers, name, &Header::first);
    return found == headers.end() ? nullptr : &found->second;
}

// The same, where one that is missing is as good as empty.
inline std::string_view header_or_empty(std::span<const Header> headers, std::string_view name) {
    const std::string* found = find_header(headers, name);
    return found == nullptr ? std::string_view() : std::string_view(*found);
}

}  // namespace millrace
