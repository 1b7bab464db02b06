// Value: what a field of an event holds, as windows compare, group and compute with it.
//
// Made by codec/ from raw JSON text. A field that is absent is null. An integer literal that fits 64 bits is an
// integer; any other number is a double. A string is unescaped UTF-8. Arrays and objects stay raw text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace millrace {

struct Null {
    bool operator==(const Null&) const = default;
};
struct RawJson {
    std::string text;
    bool operator==(const RawJson&) const = default;
};
using Value = std::variant<Null, bool, std::int64_t, double, std::string, RawJson>;

// About what a value takes besides its own size.
inline std::size_t held_bytes(const Value& value) {
    const auto* const text = std::get_if<std::string>(&value);
    const auto* const raw = std::get_if<RawJson>(&value);
    return text != nullptr ? text->size() : raw != nullptr ? raw->text.size() : 0;
}

}  // namespace millrace
