#include "bridge/protocols/retry_after.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::protocols;
using namespace std::chrono_literals;

namespace {

// 2024-02-29 12:00:00 UTC
constexpr std::chrono::sys_seconds kNow =
    std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + std::chrono::hours(12);

std::optional<Duration> asked(std::vector<Header> headers) { return retry_after(headers, kNow); }

}  // namespace

TEST_CASE("retry-after: seconds are read and clamped to five minutes") {
    CHECK(asked({{"retry-after", "2"}}) == Duration(2s));
    CHECK(asked({{"retry-after", " 0 "}}) == Duration(0s));
    CHECK(asked({{"retry-after", "299"}}) == Duration(299s));
    CHECK(asked({{"retry-after", "301"}}) == Duration(5min));
    CHECK(asked({{"retry-after", "99999999999999999999999999"}}) == Duration(5min));
}

TEST_CASE("retry-after: what is no wait is ignored") {
    for (const char* text :
         {"", " ", "-1", "-99999", "1.5", "soon", "1e3", "0x10", "2 s", "Thu, 29 Feb 2024",
          "Thu, 30 Feb 2024 12:00:09 GMT", "Thu, 29 Feb 2024 24:00:00 GMT", "Thu, 29 Foo 2024 12:00:09 GMT",
          "Thu, 29 Feb 2024 12:00:09 CET", "Thu, 29 Feb 2024 12:00:09 GMT now", "Thu, 29 Feb 20244 12:00:09 GMT"}) {
        CAPTURE(text);
        CHECK(!asked({{"retry-after", text}}));
    }
    CHECK(!asked({}));
}

TEST_CASE("retry-after: milliseconds win over seconds where they are readable") {
    CHECK(asked({{"retry-after", "7"}, {"retry-after-ms", "250"}}) == Duration(250ms));
    CHECK(asked({{"retry-after", "7"}, {"x-ms-retry-after-ms", "1500"}}) == Duration(1500ms));
    CHECK(asked({{"retry-after", "7"}, {"retry-after-ms", "-250"}}) == Duration(7s));
    CHECK(asked({{"retry-after-ms", "99999999"}}) == Duration(5min));
}

TEST_CASE("retry-after: a date counts from the answer's own Date") {
    CHECK(asked({{"retry-after", "Fri, 01 Mar 2030 00:00:30 GMT"}, {"date", "Fri, 01 Mar 2030 00:00:00 GMT"}}) ==
          Duration(30s));
    CHECK(asked({{"retry-after", "Thu, 29 Feb 2024 12:00:30 GMT"}, {"date", "Thu, 29 Feb 2024 11:59:30 GMT"}}) ==
          Duration(60s));
}

TEST_CASE("retry-after: without a usable Date a date counts from when the answer came") {
    CHECK(asked({{"retry-after", "Thu, 29 Feb 2024 12:00:10 GMT"}}) == Duration(10s));
    CHECK(asked({{"retry-after", "Thu, 29 Feb 2024 12:00:10 GMT"}, {"date", "yesterday"}}) == Duration(10s));
    CHECK(asked({{"retry-after", "Thu, 29 Feb 2024 12:00:00 GMT"}}) == Duration(0s));
    CHECK(!asked({{"retry-after", "Thu, 29 Feb 2024 11:59:59 GMT"}}));
    CHECK(asked({{"retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"}}) == Duration(5min));
    CHECK(!asked({{"retry-after", "Sat, 01 Jan 0000 00:00:00 GMT"}}));
}

TEST_CASE("retry-after: the two old forms of a date are read") {
    CHECK(asked({{"retry-after", "Thursday, 29-Feb-24 12:00:10 GMT"}}) == Duration(10s));
    CHECK(asked({{"retry-after", "Thu Feb 29 12:00:10 2024"}}) == Duration(10s));
    CHECK(asked({{"retry-after", "Fri Mar  1 12:00:10 2024"}}) == Duration(5min));
    const auto old = parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow);
    REQUIRE(old);
    CHECK(old->time_since_epoch() == 784111777s);
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow) == old);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", kNow) == old);
}
