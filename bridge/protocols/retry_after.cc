#include "bridge/protocols/retry_after.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "bridge/base/header.h"

namespace millrace::protocols {
namespace {

using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The words of a date, which blanks, commas, colons and dashes part. IMF: day-name day month year h m s GMT.
struct Words {
    std::array<std::string_view, 8> at{};
    std::size_t count = 0;  // 9: too many
};

Words split(std::string_view text) {
    Words words;
    while (words.count < 9) {
        const std::size_t from = text.find_first_not_of(" \t,:-");
        if (from == std::string_view::npos) break;
        const std::size_t to = std::min(text.find_first_of(" \t,:-", from), text.size());
        if (words.count < 8) words.at[words.count] = text.substr(from, to - from);
        ++words.count;
        text.remove_prefix(to);
    }
    return words;
}

// Digits only; a number beyond 10^9 stays there.
std::optional<std::int64_t> whole(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = std::min<std::int64_t>(value * 10 + (c - '0'), 1'000'000'000);
    }
    return value;
}

std::optional<std::int64_t> whole_below(std::string_view text, std::int64_t bound) {
    const auto value = whole(text);
    return text.size() <= 2 && value && *value < bound ? value : std::nullopt;
}

std::optional<int> year_of(std::string_view text, sys_seconds near) {
    const auto year = whole(text);
    if (!year || (text.size() != 2 && text.size() != 4)) return std::nullopt;
    if (text.size() == 4) return static_cast<int>(*year);
    const int now = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(near)).year());
    const int same_century = now - now % 100 + static_cast<int>(*year);
    return same_century > now + 50 ? same_century - 100 : same_century;
}

std::optional<Duration> clamped(std::int64_t value, Duration unit) {
    if (value < 0) return std::nullopt;
    return value >= kMaxRetryAfter / unit ? kMaxRetryAfter : value * unit;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t from = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(from, text.find_last_not_of(" \t") + 1 - from);
}

std::optional<Duration> seconds_or_date(std::string_view text, std::span<const Header> headers, ServerTime received) {
    if (const auto seconds = whole(text)) return clamped(*seconds, std::chrono::seconds(1));
    const sys_seconds here = std::chrono::floor<std::chrono::seconds>(received);
    const sys_seconds now = parse_http_date(trimmed(header_or_empty(headers, "date")), here).value_or(here);
    const auto then = parse_http_date(text, now);
    return then ? clamped((*then - now).count(), std::chrono::seconds(1)) : std::nullopt;
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds near) {
    Words words = split(text);
    if (words.count == 7) {  // asctime: day-name month day h m s year
        words.at = {words.at[0], words.at[2], words.at[1], words.at[6], words.at[3], words.at[4], words.at[5], "GMT"};
    } else if (words.count != 8 || (words.at[7] != "GMT" && words.at[7] != "UTC")) {
        return std::nullopt;
    }
    const auto month = std::ranges::find(kMonths, words.at[2]);
    const auto day = whole_below(words.at[1], 32);
    const auto year = year_of(words.at[3], near);
    const auto hour = whole_below(words.at[4], 24);
    const auto minute = whole_below(words.at[5], 60);
    const auto second = whole_below(words.at[6], 61);  // a leap second
    if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

std::optional<Duration> retry_after(std::span<const Header> headers, ServerTime received_at) {
    for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
        const auto milliseconds = whole(trimmed(header_or_empty(headers, name)));
        if (milliseconds) return clamped(*milliseconds, std::chrono::milliseconds(1));
    }
    const std::string_view text = trimmed(header_or_empty(headers, "retry-after"));
    return text.empty() ? std::nullopt : seconds_or_date(text, headers, received_at);
}

}  // namespace millrace::protocols
