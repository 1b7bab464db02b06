// Text as it is written everywhere: hexadecimal digits, base64, JSON strings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace millrace {

std::string hex(std::span<const std::uint8_t> bytes);  // two lower-case digits a byte

// RFC 4648 with padding; read up to the first character that is none of its alphabet.
std::string base64(std::string_view bytes);
std::string from_base64(std::string_view text);
// What base64 writes, and nothing else: no blank, no missing or further padding, no bits behind the last byte.
std::optional<std::string> exact_base64(std::string_view text);

// RFC 4648 section 5 without padding, as tokens are written (RFC 7515), and as strictly read.
std::string base64url(std::string_view bytes);
std::optional<std::string> exact_base64url(std::string_view text);

// A JSON string: in double quotes, with `"`, `\` and control characters escaped and all else as it is. Requires: UTF-8.
void append_quoted(std::string& out, std::string_view text);

}  // namespace millrace
