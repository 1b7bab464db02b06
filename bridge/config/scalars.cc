#include "bridge/config/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <system_error>

#include "bridge/codec/json_text.h"
#include "bridge/codec/timestamp.h"

namespace millrace::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr std::array kDurationUnits = {Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000},
                                       Unit{"s", 1'000'000'000}, Unit{"ms", 1'000'000}};
constexpr std::array kSizeUnits = {Unit{"GiB", 1u << 30}, Unit{"MiB", 1u << 20}, Unit{"KiB", 1u << 10}, Unit{"", 1}};

// A whole number followed by one of the units. No value: not of that shape, or too large.
std::optional<std::uint64_t> scaled(std::string_view text, std::span<const Unit> units, std::uint64_t limit) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const auto found = std::ranges::find(units, unit, &Unit::name);
    if (found == units.end() || number > limit / found->factor) return std::nullopt;
    return number * found->factor;
}

std::string in_largest_unit(std::uint64_t number, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (number % unit.factor == 0) return std::to_string(number / unit.factor) + std::string(unit.name);
    }
    return std::to_string(number);
}

bool is_any_of(std::string_view text, std::span<const std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
    if (text == "0") return Duration{};
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (const auto nanoseconds = scaled(text, kDurationUnits, kMost))
        return Duration(static_cast<std::int64_t>(*nanoseconds));
    if (!text.empty() && std::ranges::all_of(text, is_digit)) {
        return std::unexpected("has no unit (write " + (text.size() < 19 ? std::string(text) : "5") + "s or " +
                               (text.size() < 19 ? std::string(text) : "5") + "ms)");
    }
    return std::unexpected("is not a duration (write a whole number and ms, s, m or h: 250ms, 5s, 1m, 168h)");
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
    if (const auto bytes = scaled(text, kSizeUnits, std::numeric_limits<std::int64_t>::max())) return *bytes;
    return std::unexpected(
        "is not a size (write a whole number of bytes, or one with KiB, MiB or GiB: 1048576, 64KiB)");
}

Parsed<std::uint64_t> parse_whole(std::string_view text) {
    const bool shaped =
        !text.empty() && std::ranges::all_of(text, is_digit) && (text.size() == 1 || text.front() != '0');
    std::uint64_t number = 0;
    if (!shaped) return std::unexpected("is not a whole number");
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
        return std::unexpected("is too large a number");
    }
    return number;
}

Parsed<double> parse_number(std::string_view text) {
    double number = 0;
    if (!codec::is_number(text)) return std::unexpected("is not a number");
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
        return std::unexpected("is out of range for a number");
    }
    return number;
}

Parsed<ServerTime> parse_time(std::string_view text) {
    const auto time = codec::parse_iso8601(text);
    if (!time) return std::unexpected(time.error().text);
    if (*time < ServerTime{}) return std::unexpected("is before 1970");
    return *time;
}

std::string duration_text(Duration duration) {
    if (duration == Duration{}) return "0";
    return in_largest_unit(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

std::string size_text(std::uint64_t bytes) { return bytes == 0 ? "0" : in_largest_unit(bytes, kSizeUnits); }

std::string number_text(double number) {
    std::array<char, 32> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return {buffer.data(), result.ptr};
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

bool is_old_boolean(std::string_view plain) {
    static constexpr std::array<std::string_view, 4> kWords = {"yes", "no", "on", "off"};
    return is_any_of(lower(plain), kWords);
}

bool is_typed(std::string_view plain) {
    static constexpr std::array<std::string_view, 4> kWords = {"true", "false", "null", "~"};
    static constexpr std::array<std::string_view, 4> kNonFinite = {".inf", "+.inf", "-.inf", ".nan"};
    const std::string word = lower(plain);
    if (is_any_of(word, kWords) || is_any_of(word, kNonFinite)) return true;
    std::string_view number = word;
    if (number.starts_with('+') || number.starts_with('-')) number.remove_prefix(1);
    if (number.starts_with("0x")) {
        return number.size() > 2 && number.substr(2).find_first_not_of("0123456789abcdef_") == std::string_view::npos;
    }
    if (number.starts_with("0o") || number.starts_with("0b")) {
        return number.size() > 2 && number.substr(2).find_first_not_of("01234567_") == std::string_view::npos;
    }
    // Everything built from digits, underscores, a point and an exponent: 012, 1_000, .5, 1., +1, 1e3.
    if (number.find_first_of("0123456789") == std::string_view::npos) return false;
    const std::size_t exponent = std::min(number.find('e'), number.size());
    const std::string_view mantissa = number.substr(0, exponent);
    std::string_view power = exponent < number.size() ? number.substr(exponent + 1) : "0";
    if (power.starts_with('+') || power.starts_with('-')) power.remove_prefix(1);
    return !mantissa.empty() && !power.empty() && mantissa.find_first_of("0123456789") != std::string_view::npos &&
           mantissa.find_first_not_of("0123456789_.") == std::string_view::npos &&
           std::ranges::count(mantissa, '.') <= 1 && power.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace millrace::config
