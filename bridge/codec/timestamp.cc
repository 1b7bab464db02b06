#include "bridge/codec/timestamp.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>

#include "bridge/codec/json_text.h"

namespace millrace::codec {
namespace {

using settings::TimeUnit;
using namespace std::chrono;

constexpr ServerTime kFirst = sys_days(year(1678) / January / 1);
constexpr ServerTime kEnd = sys_days(year(2262) / January / 1);

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::unexpected<Error> wrong(std::string_view what) { return fail(ErrorCode::invalid, std::string(what)); }

std::unexpected<Error> out_of_range() { return wrong("is outside the years 1678 to 2261"); }

Result<ServerTime> in_range(ServerTime time) {
    if (time < kFirst || time >= kEnd) return out_of_range();
    return time;
}

// Reads fixed fields from the front of a text; `ok` goes false for good at the first that is not there.
struct Scanner {
    std::string_view rest;
    bool ok = true;

    int digits(std::size_t count) {
        int value = 0;
        ok = ok && rest.size() >= count && std::ranges::all_of(rest.substr(0, count), is_digit);
        if (!ok) return 0;
        std::from_chars(rest.data(), rest.data() + count, value);
        rest.remove_prefix(count);
        return value;
    }
    bool accept(char c) {
        if (!ok || !rest.starts_with(c)) return false;
        rest.remove_prefix(1);
        return true;
    }
    void expect(char c) { ok = accept(c); }
};

nanoseconds read_fraction(Scanner& in) {
    if (!in.accept('.')) return {};
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; count < 9 && !in.rest.empty() && is_digit(in.rest.front()); ++count) value = value * 10 + in.digits(1);
    in.ok = in.ok && count > 0;
    for (; count < 9; ++count) value *= 10;
    return nanoseconds(value);
}

minutes read_offset(Scanner& in) {
    if (in.accept('Z')) return {};
    const bool west = in.rest.starts_with('-');
    in.ok = in.ok && (in.accept('+') || in.accept('-'));
    const int hour = in.digits(2);
    in.expect(':');
    const int minute = in.digits(2);
    in.ok = in.ok && hour < 24 && minute < 60;
    return minutes((west ? -1 : 1) * (hour * 60 + minute));
}

// A JSON number taken apart: digits × 10^power, without leading zeros.
struct Decimal {
    bool negative = false;
    std::string digits;
    std::int64_t power = 0;
};

// Requires: is_number(text).
Decimal take_apart(std::string_view text) {
    constexpr std::int64_t kFar = 1'000'000'000;
    Decimal number;
    number.negative = text.starts_with('-');
    const std::size_t e = std::min(text.find_first_of("eE"), text.size());
    bool behind_point = false;
    for (const char c : text.substr(0, e)) {
        behind_point |= c == '.';
        if (!is_digit(c)) continue;
        if (c != '0' || !number.digits.empty()) number.digits += c;
        if (behind_point) --number.power;
    }
    if (e == text.size()) return number;
    std::string_view written = text.substr(e + 1);
    if (written.starts_with('+')) written.remove_prefix(1);
    std::int64_t power = 0;
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), power);
    if (error != std::errc{}) power = written.starts_with('-') ? -kFar : kFar;
    number.power += std::clamp(power, -kFar, kFar);
    return number;
}

// The whole number at or below it; nothing when that does not fit.
std::optional<std::int64_t> floor_of(const Decimal& number) {
    std::string digits = number.digits;
    bool cut = false;
    if (number.power < 0) {
        const auto behind = std::min<std::uint64_t>(static_cast<std::uint64_t>(-number.power), digits.size());
        cut = digits.find_first_not_of('0', digits.size() - behind) != std::string::npos;
        digits.resize(digits.size() - behind);
    } else if (!digits.empty()) {
        if (digits.size() + static_cast<std::uint64_t>(number.power) > 19) return std::nullopt;
        digits.append(static_cast<std::size_t>(number.power), '0');
    }
    if (digits.empty()) digits = "0";
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || value == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return number.negative ? -value - (cut ? 1 : 0) : value;
}

struct Unit {
    std::string_view name;
    int decimals;  // of a nanosecond in it
};

Unit unit_of(TimeUnit unit) {
    switch (unit) {
        case TimeUnit::seconds:
            return {"seconds", 9};
        case TimeUnit::milliseconds:
            return {"milliseconds", 6};
        case TimeUnit::microseconds:
            return {"microseconds", 3};
        default:
            return {"nanoseconds", 0};
    }
}

Result<ServerTime> parse_number(std::string_view raw, Unit unit) {
    if (!is_number(raw)) {
        return wrong((raw.starts_with('"') ? "is a string, and must be a number of " : "is no number of ") +
                     std::string(unit.name) + " since 1970");
    }
    Decimal number = take_apart(raw);
    number.power += unit.decimals;
    const auto nanos = floor_of(number);
    if (!nanos) return out_of_range();
    return in_range(ServerTime(nanoseconds(*nanos)));
}

// Requires: `number` has no more digits.
char* put_padded(char* out, std::int64_t number, std::ptrdiff_t width, char behind) {
    for (char* digit = out + width; digit != out; number /= 10) *--digit = static_cast<char>('0' + number % 10);
    out[width] = behind;
    return out + width + 1;
}

}  // namespace

Result<ServerTime> parse_iso8601(std::string_view text) {
    Scanner in{text};
    const year y{in.digits(4)};
    in.expect('-');
    const month m{static_cast<unsigned>(in.digits(2))};
    in.expect('-');
    const day d{static_cast<unsigned>(in.digits(2))};
    in.expect('T');
    const int hour = in.digits(2);
    in.expect(':');
    const int minute = in.digits(2);
    in.expect(':');
    const int second = in.digits(2);
    const nanoseconds fraction = read_fraction(in);
    const bool ends_here = in.ok && in.rest.empty();
    const minutes offset = read_offset(in);
    const year_month_day date = y / m / d;
    if (ends_here) return wrong("has no offset (write Z, or one such as +01:00, behind it)");
    if (!in.ok || !in.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
        return wrong("is not a time (write it as 2026-01-02T03:04:05Z)");
    }
    const seconds whole = sys_days(date).time_since_epoch() + hours(hour) + minutes(minute) + seconds(second) - offset;
    if (whole < floor<seconds>(kFirst.time_since_epoch()) || whole >= floor<seconds>(kEnd.time_since_epoch())) {
        return out_of_range();
    }
    return ServerTime(whole + fraction);
}

Result<ServerTime> parse_timestamp(std::string_view raw, TimeUnit unit) {
    if (unit != TimeUnit::iso8601) return parse_number(raw, unit_of(unit));
    if (raw.size() < 2 || !raw.starts_with('"')) return wrong("is no text with a time in it");
    return parse_iso8601(raw.substr(1, raw.size() - 2));
}

std::string rfc3339(ServerTime time) {
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss clock(time - midnight);
    std::string text(std::string_view("2026-01-02T03:04:05.678901234Z").size(), '\0');
    char* out = put_padded(text.data(), static_cast<int>(date.year()), 4, '-');  // nanoseconds end in 2262
    out = put_padded(out, static_cast<unsigned>(date.month()), 2, '-');
    out = put_padded(out, static_cast<unsigned>(date.day()), 2, 'T');
    out = put_padded(out, clock.hours().count(), 2, ':');
    out = put_padded(out, clock.minutes().count(), 2, ':');
    out = put_padded(out, clock.seconds().count(), 2, '.');
    put_padded(out, clock.subseconds().count(), 9, 'Z');
    return text;
}

std::string rfc3339_brief(ServerTime time) {
    std::string out = rfc3339(time);
    out.pop_back();
    out.resize(out.find_last_not_of('0') + 1);
    if (out.ends_with('.')) out.pop_back();
    return out += 'Z';
}

}  // namespace millrace::codec
