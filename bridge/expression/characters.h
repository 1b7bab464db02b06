// The Unicode code points of a text. A byte that begins none counts as one by itself, beyond Unicode, so that every
// text has characters, read from either end the same ones. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace millrace::expression {

// Bytes of the character at `at`: 1 where there is none in UTF-8. Requires: at < text.size().
inline std::size_t character_length(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 1
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 1;
    if (length > text.size() - at) return 1;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 1;
    }
    // Too long for what they say, a surrogate, beyond Unicode.
    const bool is_none = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
                         (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f);
    return is_none ? 1 : length;
}

// The character at `at`, which moves behind it. Requires: at < text.size().
inline char32_t next_character(std::string_view text, std::size_t& at) {
    const std::size_t length = character_length(text, at);
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
    char32_t c = byte(0);
    if (length == 1 && c >= 0x80) c += 0x110000;
    if (length > 1) {
        c &= 0x7fu >> length;
        for (std::size_t i = 1; i < length; ++i) c = (c << 6) | (byte(i) & 0x3f);
    }
    at += length;
    return c;
}

// Where the character that ends before `at` begins. Requires: at > 0.
inline std::size_t character_before(std::string_view text, std::size_t at) {
    for (std::size_t back = std::min<std::size_t>(4, at); back > 1; --back) {
        if (character_length(text, at - back) == back) return at - back;
    }
    return at - 1;
}

}  // namespace millrace::expression
