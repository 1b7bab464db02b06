// Puller: when it looks its consumer up, again or for the first time.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/bridge/engine/well.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

TEST_CASE("puller: disconnected it asks for nothing; reconnected it looks every consumer up again") {
    Well well({0, 1});
    well.pump();
    well.puller.bound(0, well.now);
    well.puller.bound(1, well.now);
    well.pump();
    well.puller.disconnected(well.now);
    well.pass(1min);
    well.pump();
    CHECK(well.binds.empty());
    CHECK(well.puller.next_due(well.now) == kNever);
    well.puller.reconnected(well.now);
    well.pump();
    CHECK(well.binds == std::vector<Partition>{0, 1});
    CHECK(well.pulls.empty());
}

TEST_CASE(
    "puller: a look-up that fails is repeated after a back-off; what stands in the way is told until it is bound") {
    Well well;
    well.pump();
    well.puller.bind_failed({0, {ErrorCode::unavailable, "no leader"}}, well.now);
    CHECK(well.puller.trouble().empty());
    CHECK(well.puller.next_due(well.now) - well.now <= 500ms);
    well.puller.bind_failed({0, {ErrorCode::not_found, "no stream EVENTS"}}, well.now);
    CHECK(well.puller.trouble() == "no stream EVENTS");
    well.now = well.puller.next_due(well.now);
    well.pump();
    CHECK(well.binds.size() == 1);
    well.puller.bound(0, well.now);
    CHECK(well.puller.trouble().empty());
}

TEST_CASE("puller: a look-up without an answer is given up and made again") {
    Well well;
    well.pump();
    well.pass(kBindTimeout - 1ns);
    well.pump();
    CHECK(well.binds.empty());
    well.pass(1ns);
    well.pump();
    CHECK(well.binds.size() == 1);
}

TEST_CASE("puller: a partition that was quiet for long is looked up before it is pulled from again") {
    Well well;
    well.bind();
    well.pump(1);
    CHECK(!well.puller.quiet_since(0));
    well.status(well.pulls.at(0), 408);
    CHECK(well.puller.quiet_since(0) == well.now);
    well.pass(1min + 1ns);
    well.pump(1);
    CHECK(well.pulls.empty());
    CHECK(well.binds.size() == 1);
    well.puller.bound(0, well.now);
    well.pump(1);
    CHECK(well.pulls.size() == 1);
}

TEST_CASE("puller: after a stop nothing of before counts, and others may have worked since it began") {
    Well well;
    well.bind();
    well.pump(1);
    const Time since = well.now;
    well.pass(10min);
    well.puller.stopped(since, well.now);
    CHECK(!well.puller.takes(0));
    CHECK(well.puller.quiet_since(0) == since);
    well.pump();
    CHECK(well.binds.size() == 1);
}
