// Text as it is written everywhere: hexadecimal digits, JSON strings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace {

std::string hex(std::span<const std::uint8_t> bytes);  // two lower-case digits a byte

// A JSON string: in double quotes, with `"`, `\` and control characters escaped and all else as it is. Requires: UTF-8.
void append_quoted(std::string& out, std::string_view text);

}  // namespace millrace
