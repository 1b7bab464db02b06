#include "bridge/codec/timestamp.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <string_view>

using namespace millrace;
using namespace std::chrono_literals;
using settings::TimeUnit;

namespace {

ServerTime at(std::int64_t nanoseconds) { return ServerTime(Duration(nanoseconds)); }

std::string said(std::string_view raw, TimeUnit unit) {
    const auto read = codec::parse_timestamp(raw, unit);
    return read ? codec::rfc3339_brief(*read) : read.error().text;
}
std::string iso(const std::string& text) { return said('"' + text + '"', TimeUnit::iso8601); }

// The C library's calendar, which shares nothing with ours.
std::string by_the_c_library(std::int64_t seconds, std::int64_t nanos, int offset_minutes) {
    const std::time_t local = seconds + offset_minutes * 60;
    std::tm parts{};
    REQUIRE(gmtime_r(&local, &parts) != nullptr);
    char text[64];
    std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    size += static_cast<std::size_t>(std::snprintf(text + size, sizeof text - size, ".%09lld%c%02d:%02d",
                                                   static_cast<long long>(nanos), offset_minutes < 0 ? '-' : '+',
                                                   std::abs(offset_minutes) / 60, std::abs(offset_minutes) % 60));
    return {text, size};
}

}  // namespace

TEST_CASE("timestamp: ISO 8601 with Z or an offset") {
    CHECK(iso("2026-01-02T03:04:05Z") == "2026-01-02T03:04:05Z");
    CHECK(iso("2026-01-02T03:04:05.5Z") == "2026-01-02T03:04:05.5Z");
    CHECK(iso("2026-01-02T03:04:05.123456789Z") == "2026-01-02T03:04:05.123456789Z");
    CHECK(iso("2026-01-02T03:04:05+01:30") == "2026-01-02T01:34:05Z");
    CHECK(iso("2026-01-02T03:04:05-23:59") == "2026-01-03T03:03:05Z");
    CHECK(iso("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
    CHECK(iso("1969-12-31T23:59:59.999999999Z") == "1969-12-31T23:59:59.999999999Z");
    CHECK(iso("1678-01-01T00:00:00Z") == "1678-01-01T00:00:00Z");
    CHECK(iso("2261-12-31T23:59:59.999999999Z") == "2261-12-31T23:59:59.999999999Z");
}

TEST_CASE("timestamp: text that is no time") {
    const std::string no_offset = "has no offset (write Z, or one such as +01:00, behind it)";
    CHECK(iso("2026-01-02T03:04:05") == no_offset);
    CHECK(iso("2026-01-02T03:04:05.25") == no_offset);
    const std::string range = "is outside the years 1678 to 2261";
    CHECK(iso("1677-12-31T23:59:59Z") == range);
    CHECK(iso("1678-01-01T00:30:00+01:00") == range);
    CHECK(iso("2262-01-01T00:00:00Z") == range);
    CHECK(iso("0001-01-01T00:00:00Z") == range);
    CHECK(iso("9999-12-31T23:59:59Z") == range);
    for (const char* const text : {"",
                                   "2026",
                                   "2026-01-02",
                                   "2026-01-02 03:04:05Z",
                                   "2026-01-02T03:04Z",
                                   "2026-01-02T03:04:05.Z",
                                   "2026-01-02T03:04:05.1234567891Z",
                                   "2026-01-02T03:04:05,5Z",
                                   "2026-02-29T00:00:00Z",
                                   "2026-13-01T00:00:00Z",
                                   "2026-01-02T24:00:00Z",
                                   "2026-01-02T03:60:00Z",
                                   "2026-01-02T03:04:60Z",
                                   "2026-01-02T03:04:05+1:00",
                                   "2026-01-02T03:04:05+24:00",
                                   "2026-01-02T03:04:05+0100",
                                   "2026-01-02T03:04:05Zz",
                                   " 2026-01-02T03:04:05Z",
                                   "2026-1-2T03:04:05Z",
                                   "+026-01-02T03:04:05Z",
                                   "1767323045",
                                   "2026-01-02T03:04:05\\u005a"}) {
        CAPTURE(text);
        CHECK(iso(text) == "is not a time (write it as 2026-01-02T03:04:05Z)");
    }
    for (const char* const raw : {"1767323045", "null", "true", "{}", "[]", "\""}) {
        CAPTURE(raw);
        CHECK(said(raw, TimeUnit::iso8601) == "is no text with a time in it");
    }
}

TEST_CASE("timestamp: numbers in each unit, exactly") {
    const auto number = [](std::string_view raw, TimeUnit unit) {
        const auto read = codec::parse_timestamp(raw, unit);
        REQUIRE(read);
        return read->time_since_epoch().count();
    };
    CHECK(number("1767323045", TimeUnit::seconds) == 1767323045'000000000);
    CHECK(number("1767323045.123456789", TimeUnit::seconds) == 1767323045'123456789);
    CHECK(number("1767323045123.456789", TimeUnit::milliseconds) == 1767323045'123456789);
    CHECK(number("1767323045123456.789", TimeUnit::microseconds) == 1767323045'123456789);
    CHECK(number("1767323045123456789", TimeUnit::nanoseconds) == 1767323045'123456789);
    // A double could not tell these apart.
    CHECK(number("1767323045.000000001", TimeUnit::seconds) == 1767323045'000000001);
    CHECK(number("1.767323045123456789e9", TimeUnit::seconds) == 1767323045'123456789);
    CHECK(number("1767323045123456789E-9", TimeUnit::seconds) == 1767323045'123456789);
    CHECK(number("0.00000000017673e+19", TimeUnit::seconds) == 1767300000'000000000);
    CHECK(number("0", TimeUnit::seconds) == 0);
    CHECK(number("-0.0", TimeUnit::seconds) == 0);
    CHECK(number("0e999999999999999999999", TimeUnit::seconds) == 0);
    CHECK(number("-1.5", TimeUnit::seconds) == -1'500000000);
    // Cut off downwards, on both sides of 1970.
    CHECK(number("1.9999999999", TimeUnit::seconds) == 1'999999999);
    CHECK(number("-1.0000000001", TimeUnit::seconds) == -1'000000001);
    CHECK(number("0.5", TimeUnit::nanoseconds) == 0);
    CHECK(number("-0.5", TimeUnit::nanoseconds) == -1);
    CHECK(number("1e-999999999999999999999", TimeUnit::seconds) == 0);
}

TEST_CASE("timestamp: numbers that are none") {
    const std::string range = "is outside the years 1678 to 2261";
    CHECK(said("9214646400", TimeUnit::seconds) == range);  // 2262-01-01
    CHECK(said("9214646399.999999999", TimeUnit::seconds) == "2261-12-31T23:59:59.999999999Z");
    CHECK(said("-9214560000", TimeUnit::seconds) == "1678-01-01T00:00:00Z");
    CHECK(said("-9214560000.0000000001", TimeUnit::seconds) == range);
    for (const char* const raw : {"9223372036854775807", "9223372036854775808", "-9223372036854775808",
                                  "18446744073709551616", "1e19", "1E400", "-1e400", "1e999999999999999999999"}) {
        CAPTURE(raw);
        CHECK(said(raw, TimeUnit::nanoseconds) == range);
    }
    CHECK(said("\"1767323045\"", TimeUnit::seconds) == "is a string, and must be a number of seconds since 1970");
    CHECK(said("null", TimeUnit::milliseconds) == "is no number of milliseconds since 1970");
    CHECK(said("{}", TimeUnit::microseconds) == "is no number of microseconds since 1970");
}

TEST_CASE("timestamp: what the C library's calendar says, at random") {
    std::mt19937_64 random(7);
    std::uniform_int_distribution<std::int64_t> second(-9214560000, 9214646399);
    std::uniform_int_distribution<std::int64_t> nano(0, 999999999);
    std::uniform_int_distribution<int> offset(-23 * 60 - 59, 23 * 60 + 59);
    for (int i = 0; i < 20000; ++i) {
        const auto s = second(random);
        const auto n = nano(random);
        const auto text = by_the_c_library(s, n, offset(random));
        CAPTURE(text);
        const auto read = codec::parse_iso8601(text);
        REQUIRE(read);
        REQUIRE(*read == at(s * 1'000000000 + n));
        // The same as numbers, through text that no double was near.
        char digits[64];
        const std::int64_t all = s * 1'000000000 + n;
        const std::uint64_t size = all < 0 ? -static_cast<std::uint64_t>(all) : static_cast<std::uint64_t>(all);
        std::snprintf(digits, sizeof digits, "%s%llu.%09llu", all < 0 ? "-" : "",
                      static_cast<unsigned long long>(size / 1'000000000),
                      static_cast<unsigned long long>(size % 1'000000000));
        const auto number = codec::parse_timestamp(digits, TimeUnit::seconds);
        REQUIRE(number);
        REQUIRE(*number == *read);
        REQUIRE(codec::parse_timestamp(std::to_string(all), TimeUnit::nanoseconds) == *read);
        REQUIRE(codec::parse_iso8601(codec::rfc3339(*read)) == *read);
        REQUIRE(codec::parse_iso8601(codec::rfc3339_brief(*read)) == *read);
    }
}

TEST_CASE("timestamp: written briefly") {
    CHECK(codec::rfc3339_brief(at(0)) == "1970-01-01T00:00:00Z");
    CHECK(codec::rfc3339_brief(at(10'000000000)) == "1970-01-01T00:00:10Z");
    CHECK(codec::rfc3339_brief(at(120'000000)) == "1970-01-01T00:00:00.12Z");
    CHECK(codec::rfc3339_brief(at(1)) == "1970-01-01T00:00:00.000000001Z");
}
