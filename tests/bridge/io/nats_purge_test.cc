#include "bridge/io/nats_purge.h"

#include <doctest/doctest.h>

using namespace millrace;
using namespace millrace::io;

TEST_CASE("purge: what matches and has a smaller sequence") {
    CHECK(purge_body("a.>", 12) == R"({"filter":"a.>","seq":12})");
}

TEST_CASE("purge: only of servers that say their time with a stream, from 2.10 on") {
    const auto old = parse_stream(R"({"config":{"name":"S","num_replicas":3},"state":{}})");
    const auto current = parse_stream(R"({"config":{"name":"S"},"state":{},"ts":"2026-11-27T19:00:00Z"})");
    REQUIRE(old);
    REQUIRE(current);
    CHECK_FALSE(purges_no_more_than_asked(*old));
    CHECK(purges_no_more_than_asked(*current));
}
