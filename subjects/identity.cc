// The canonical form: a version byte, then each part as a type byte and a body whose length the bytes before it tell
// (fixed, or 8 bytes of length in front). So it can be read back in exactly one way, and two tuples that give equal
// bytes are equal.
#include "subjects/identity.h"

#include <algorithm>
#include <array>

#include "bridge/base/digest.h"

namespace millrace::subjects {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kInline = 768;  // longer tuples go through the heap; names of streams end at 255 bytes

char* put_number(char* out, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<char>(number >> shift & 0xff);
    return out;
}

struct SizeOf {
    std::size_t operator()(std::string_view text) const { return 1 + 8 + text.size(); }
    std::size_t operator()(std::uint64_t) const { return 1 + 8; }
    std::size_t operator()(std::int64_t) const { return 1 + 8; }
    std::size_t operator()(bool) const { return 1 + 1; }
    std::size_t operator()(std::nullptr_t) const { return 1; }
};

struct Put {
    char* out;

    char* operator()(std::string_view text) const {
        *out = 's';
        return std::ranges::copy(text, put_number(out + 1, text.size())).out;
    }
    char* operator()(std::uint64_t number) const {
        *out = 'u';
        return put_number(out + 1, number);
    }
    char* operator()(std::int64_t number) const {
        *out = 'i';
        return put_number(out + 1, static_cast<std::uint64_t>(number));
    }
    char* operator()(bool truth) const {
        *out = 'b';
        out[1] = truth ? 1 : 0;
        return out + 2;
    }
    char* operator()(std::nullptr_t) const {
        *out = 'n';
        return out + 1;
    }
};

std::size_t canonical_size(std::span<const Part> tuple) {
    std::size_t size = 1;
    for (const auto& part : tuple) size += std::visit(SizeOf{}, part);
    return size;
}

// `out` has room for canonical_size(tuple).
void write_canonical(std::span<const Part> tuple, char* out) {
    *out++ = kVersion;
    for (const auto& part : tuple) out = std::visit(Put{out}, part);
}

// The value of a lower-case hexadecimal digit, 16 for anything else.
constexpr unsigned digit_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    return 16;
}

}  // namespace

std::string canonical(std::span<const Part> tuple) {
    std::string bytes(canonical_size(tuple), '\0');
    write_canonical(tuple, bytes.data());
    return bytes;
}

Identity identity_of(std::span<const Part> tuple) {
    const auto size = canonical_size(tuple);
    if (size > kInline) return {digest(canonical(tuple))};
    std::array<char, kInline> bytes;
    write_canonical(tuple, bytes.data());
    return {digest({bytes.data(), size})};
}

Identity event_identity(const EventOrigin& origin) {
    const std::int64_t stored = origin.stored_at.time_since_epoch().count();
    const std::array<Part, 7> tuple = {
        origin.pipeline, std::uint64_t{origin.generation}, std::string_view("event"), origin.stream, stored,
        origin.sequence, std::uint64_t{origin.element}};
    return identity_of(tuple);
}

std::string to_hex(const Identity& identity) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(identity.bytes.size() * 2, '\0');
    auto out = text.begin();
    for (const auto byte : identity.bytes) {
        *out++ = kDigits[byte >> 4];
        *out++ = kDigits[byte & 0xf];
    }
    return text;
}

std::optional<Identity> identity_from_hex(std::string_view text) {
    Identity identity;
    if (text.size() != identity.bytes.size() * 2) return std::nullopt;
    for (std::size_t i = 0; i < identity.bytes.size(); ++i) {
        const auto high = digit_value(text[2 * i]);
        const auto low = digit_value(text[2 * i + 1]);
        if (high > 15 || low > 15) return std::nullopt;
        identity.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return identity;
}

}  // namespace millrace::subjects
