// What only the real adapter has to show: that what may not leave does not.
#include <doctest/doctest.h>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

TEST_CASE("publish: a subject or header that may not leave is refused before the client, and nothing breaks") {
    Bench b;
    b.open();
    std::vector<Header> headers = result_headers(1);
    std::string subject = "results.a.trips";
    SUBCASE("forged line in the subject") { subject = "results.a.trips 0\r\n\r\nPUB events.b.trips 1\r\nx"; }
    SUBCASE("wildcard") { subject = "results.*.trips"; }
    SUBCASE("empty token") { subject = "results..trips"; }
    SUBCASE("empty") { subject = ""; }
    SUBCASE("space") { subject = "results.a b.trips"; }
    SUBCASE("header key with a colon") { headers.emplace_back("a:b", "c"); }
    SUBCASE("header value with a line") { headers.emplace_back("a", "b\r\nNats-Msg-Id: other"); }
    const Stored refused = b.store(1, "x", headers, subject);
    REQUIRE(refused.error);
    CHECK(refused.error->code == ErrorCode::misconfigured);
    CHECK_FALSE(b.store(2, "y", result_headers(2)).error);
    CHECK(b.world->read_stream("OUT").size() == 1);
    CHECK(b.world->read_stream("EVENTS").empty());
}
