#include "bridge/base/text.h"

#include <algorithm>
#include <array>

namespace millrace {

namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 64;

// Character → its six bits, or kNone.
constexpr std::array<std::uint8_t, 256> kBits = [] {
    std::array<std::uint8_t, 256> bits{};
    bits.fill(kNone);
    for (std::size_t i = 0; i < kBase64.size(); ++i)
        bits[static_cast<std::uint8_t>(kBase64[i])] = static_cast<std::uint8_t>(i);
    return bits;
}();

char* put_hex(char* out, std::uint8_t byte) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 15];
    return out;
}

}  // namespace

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text(bytes.size() * 2, '\0');
    char* out = text.data();
    for (const std::uint8_t byte : bytes) out = put_hex(out, byte);
    return text;
}

std::string base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<std::uint8_t>(c);
        for (held += 8; held >= 6; held -= 6) text += kBase64[bits >> (held - 6) & 63];
    }
    if (held > 0) text += kBase64[bits << (6 - held) & 63];
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::string from_base64(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const std::uint8_t six = kBits[static_cast<std::uint8_t>(c)];
        if (six == kNone) break;
        bits = bits << 6 | six;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes += static_cast<char>(bits >> held & 0xff);
    }
    return bytes;
}

std::optional<std::string> exact_base64(std::string_view text) {
    std::string bytes = from_base64(text);
    if (base64(bytes) != text) return std::nullopt;
    return bytes;
}

std::string base64url(std::string_view bytes) {
    std::string text = base64(bytes);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    text.erase(std::min(text.find('='), text.size()));
    return text;
}

std::optional<std::string> exact_base64url(std::string_view text) {
    std::string other(text);
    std::ranges::replace(other, '-', '+');
    std::ranges::replace(other, '_', '/');
    std::string bytes = from_base64(other);
    if (base64url(bytes) != text) return std::nullopt;
    return bytes;
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto code = static_cast<std::uint8_t>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (code < 0x20) {
            out += "\\u00";
            out += hex({&code, 1});
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace millrace
