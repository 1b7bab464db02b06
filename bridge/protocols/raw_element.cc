#include "bridge/protocols/raw_element.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <system_error>
#include <type_traits>

#include "bridge/base/check.h"
#include "bridge/base/text.h"
#include "bridge/protocols/json_reader.h"

namespace millrace::protocols {
namespace {

using settings::NonFinite;
using signature::Datatype;

constexpr std::size_t kLengthBytes = 4;  // before each of BYTES

void append_little(std::string& bytes, std::uint64_t value, std::size_t count) {
    std::array<char, 8> little{};
    for (std::size_t i = 0; i < count; ++i) little[i] = static_cast<char>(value >> (8 * i) & 0xff);
    bytes.append(little.data(), count);
}

// Requires: that many bytes.
std::uint64_t take_little(std::string_view& bytes, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    bytes.remove_prefix(count);
    return value;
}

// What is too large for a float was no fit, so one that is out of range is too small to be told from zero.
template <typename Number>
Number number_of(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    MILLRACE_CHECK(end == text.data() + text.size(), "the value fits");
    if constexpr (std::is_floating_point_v<Number>) {
        if (error == std::errc::result_out_of_range) return text.starts_with('-') ? -Number{} : Number{};
    }
    MILLRACE_CHECK(error == std::errc(), "the value fits");
    return value;
}

// Halves have 10 bits of fraction, and below 2^-14 steps of 2^-24.
std::uint64_t half_bits(double value) {
    int exponent = 0;
    std::frexp(value, &exponent);
    const int step = value == 0 ? -24 : std::max(exponent - 11, -24);
    const auto steps = static_cast<std::uint64_t>(std::nearbyint(std::ldexp(std::abs(value), -step)));
    return (std::signbit(value) ? 0x8000u : 0u) + (static_cast<std::uint64_t>(step + 24) << 10) + steps;
}

float half_of(std::uint64_t bits) {
    const int exponent = static_cast<int>(bits >> 10 & 0x1f);
    const auto fraction = static_cast<float>(bits & 0x3ff);
    float value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024.0F + fraction, exponent - 25);
    if (exponent == 0x1f) value = fraction == 0 ? HUGE_VALF : NAN;
    return (bits & 0x8000) != 0 ? -value : value;
}

std::uint64_t integer_bits(std::string_view text) {
    return text.starts_with('-') ? static_cast<std::uint64_t>(number_of<std::int64_t>(text))
                                 : number_of<std::uint64_t>(text);
}

template <typename Number>
void append_number(std::string& json, Number value) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    json.append(text.data(), end);
}

template <typename Float>
bool append_float(std::string& json, Float value, NonFinite policy) {
    if (std::isfinite(value)) return append_number(json, value), true;
    if (policy == NonFinite::error) return false;
    if (policy == NonFinite::null) return json += "null", true;
    json += std::isnan(value) ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    return true;
}

// The bits of a signed integer of that many bytes, as a number.
std::int64_t widened(std::uint64_t bits, std::size_t bytes) {
    const unsigned above = 64 - 8 * static_cast<unsigned>(bytes);
    return static_cast<std::int64_t>(bits << above) >> above;
}

bool take_text(std::string& json, std::string_view& bytes) {
    if (bytes.size() < kLengthBytes) return false;
    const std::uint64_t length = take_little(bytes, kLengthBytes);
    if (length > bytes.size()) return false;
    const std::string_view text = bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (!is_utf8(text)) return false;
    append_quoted(json, text);
    return true;
}

}  // namespace

void append_element(std::string& bytes, std::string_view raw, const Datatype& datatype) {
    switch (datatype.type) {
        case ElementType::boolean:
            MILLRACE_CHECK(raw == "true" || raw == "false", "the value fits");
            return append_little(bytes, raw == "true" ? 1 : 0, 1);
        case ElementType::float16:
            return append_little(bytes, half_bits(number_of<double>(raw)), datatype.bytes);
        case ElementType::float32:
            return append_little(bytes, std::bit_cast<std::uint32_t>(number_of<float>(raw)), datatype.bytes);
        case ElementType::float64:
            return append_little(bytes, std::bit_cast<std::uint64_t>(number_of<double>(raw)), datatype.bytes);
        case ElementType::string: {
            MILLRACE_CHECK(raw.size() >= 2 && raw.front() == '"', "the value fits");
            const auto text = unescape(raw.substr(1, raw.size() - 2));
            MILLRACE_CHECK(text.has_value(), "the value fits");
            append_little(bytes, text->size(), kLengthBytes);
            bytes += *text;
            return;
        }
        default:
            return append_little(bytes, integer_bits(raw), datatype.bytes);
    }
}

bool take_element(std::string& json, std::string_view& bytes, const Datatype& datatype, NonFinite policy) {
    if (datatype.type == ElementType::string) return take_text(json, bytes);
    if (bytes.size() < datatype.bytes) return false;
    const std::uint64_t bits = take_little(bytes, datatype.bytes);
    switch (datatype.type) {
        case ElementType::boolean:
            json += bits == 0 ? "false" : "true";
            return bits <= 1;
        case ElementType::float16:
            return append_float(json, half_of(bits), policy);
        case ElementType::float32:
            return append_float(json, std::bit_cast<float>(static_cast<std::uint32_t>(bits)), policy);
        case ElementType::float64:
            return append_float(json, std::bit_cast<double>(bits), policy);
        case ElementType::uint8:
        case ElementType::uint16:
        case ElementType::uint32:
        case ElementType::uint64:
            return append_number(json, bits), true;
        default:
            return append_number(json, widened(bits, datatype.bytes)), true;
    }
}

}  // namespace millrace::protocols
