#include "bridge/signature/fit.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <system_error>

namespace millrace::signature {
namespace {

bool is_integer(ElementType type) { return type >= ElementType::int8 && type <= ElementType::uint64; }
bool is_float(ElementType type) { return type >= ElementType::float16 && type <= ElementType::float64; }

// A number by the grammar of JSON, in its parts; `whole` empty for anything else.
struct Number {
    std::string_view whole = {};     // with its sign
    std::string_view fraction = {};  // the digits
    bool has_exponent = false;
};

std::string_view take_digits(std::string_view& rest) {
    const std::string_view digits = rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
    rest.remove_prefix(digits.size());
    return digits;
}

Number number_in(std::string_view text) {
    Number number;
    std::string_view rest = text;
    if (rest.starts_with('-')) rest.remove_prefix(1);
    const std::string_view digits = take_digits(rest);
    if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return {};
    number.whole = text.substr(0, text.size() - rest.size());
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        number.fraction = take_digits(rest);
        if (number.fraction.empty()) return {};
    }
    if (rest.starts_with('e') || rest.starts_with('E')) {
        number.has_exponent = true;
        rest.remove_prefix(1);
        if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
        if (take_digits(rest).empty()) return {};
    }
    return rest.empty() ? number : Number{};
}

// The number a scalar stands for as text; empty for none.
std::string_view number_text(std::string_view raw) {
    if (raw == "true") return "1";
    if (raw == "false") return "0";
    if (raw.size() >= 2 && raw.front() == '"') raw = raw.substr(1, raw.size() - 2);
    return number_in(raw).whole.empty() ? std::string_view() : raw;
}

struct Range {
    std::int64_t least;
    std::uint64_t most;
};

template <typename T>
constexpr Range range_of() {
    return {static_cast<std::int64_t>(std::numeric_limits<T>::min()),
            static_cast<std::uint64_t>(std::numeric_limits<T>::max())};
}

constexpr std::array kRanges = {
    range_of<std::int8_t>(),  range_of<std::int16_t>(),  range_of<std::int32_t>(),  range_of<std::int64_t>(),
    range_of<std::uint8_t>(), range_of<std::uint16_t>(), range_of<std::uint32_t>(), range_of<std::uint64_t>(),
};

bool is_in_range(std::string_view whole, ElementType type) {
    const Range range = kRanges.at(static_cast<std::size_t>(type) - static_cast<std::size_t>(ElementType::int8));
    const char* const end = whole.data() + whole.size();
    if (whole.starts_with('-')) {
        std::int64_t value = 0;
        return std::from_chars(whole.data(), end, value).ec == std::errc() && value >= range.least;
    }
    std::uint64_t value = 0;
    return std::from_chars(whole.data(), end, value).ec == std::errc() && value <= range.most;
}

bool is_whole(const Number& number) {
    return !number.has_exponent && number.fraction.find_first_not_of('0') == std::string_view::npos;
}

// Below where it would be rounded to infinity, which is half a step beyond the largest.
bool is_finite(std::string_view text, ElementType type) {
    const double beyond = type == ElementType::float16   ? 65520.0
                          : type == ElementType::float32 ? 0x1.ffffffp127
                                                         : std::numeric_limits<double>::infinity();
    return std::abs(std::strtod(std::string(text).c_str(), nullptr)) < beyond;
}

// Where a \u escape is half of a character and its other half does not follow, the string stands for no text.
bool is_text(std::string_view raw) {
    const auto surrogate = [&](std::size_t at, std::string_view third) {
        return at + 3 < raw.size() && raw.substr(at, 2) == "\\u" && (raw[at + 2] | 0x20) == 'd' &&
               third.contains(raw[at + 3]);
    };
    for (std::size_t at = raw.find('\\'); at < raw.size(); at = raw.find('\\', at)) {
        const bool begins = surrogate(at, "89abAB");
        if (!begins && surrogate(at, "cdefCDEF")) return false;
        if (begins && !surrogate(at + 6, "cdefCDEF")) return false;
        at += begins ? 12 : 2;
    }
    return true;
}

bool append_string(std::string& out, std::string_view raw) {
    if (raw.starts_with('"')) {
        if (!is_text(raw)) return false;
        out += raw;
        return true;
    }
    if (raw.starts_with('t') || raw.starts_with('f')) return false;
    ((out += '"') += raw) += '"';
    return true;
}

bool append_number(std::string& out, std::string_view raw, ElementType type) {
    const std::string_view text = number_text(raw);
    if (text.empty()) return false;
    if (is_float(type)) {
        if (!is_finite(text, type)) return false;
        out += text;
        return true;
    }
    const Number number = number_in(text);
    if (!is_whole(number) || !is_in_range(number.whole, type)) return false;
    out += number.whole;
    return true;
}

}  // namespace

bool append_fitted(std::string& out, std::string_view raw, ElementType type) {
    if (raw == "null") return false;
    if (is_integer(type) || is_float(type)) return append_number(out, raw, type);
    if (type == ElementType::string) return append_string(out, raw);
    if (type == ElementType::boolean && raw != "true" && raw != "false") return false;
    out += raw;
    return true;
}

std::string found_instead(std::string_view raw, ElementType type) {
    if (raw == "null") return "null";
    if (raw.starts_with('t') || raw.starts_with('f')) return "a boolean";
    std::string what = raw.starts_with('"') ? "a string" : "a number";
    if (type == ElementType::string && raw.starts_with('"')) return what + " with half a character";
    const std::string_view text = number_text(raw);
    if (!is_integer(type) && !is_float(type)) return what;
    if (text.empty()) return what + " that is no number";
    if (is_integer(type) && !is_whole(number_in(text))) return what + " that is not whole";
    return what + " beyond its range";
}

}  // namespace millrace::signature
