// Puller: when it looks its consumer up, again or for the first time.
#include <doctest/doctest.h>

#include <map>
#include <optional>
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

// On hold there is room for one message, and after a crash each bind of a partition is followed by a search.
TEST_CASE("puller: room for one message goes round, also to partitions that are searched for at each bind") {
    const std::vector<Partition> partitions{0, 1, 2, 3};
    Well well(partitions);
    std::map<Partition, Time> asked_at;
    std::vector<Partition> searched;
    std::optional<std::pair<PullRequest, Time>> open;
    for (const Time end = well.now + 2min; well.now < end; well.pass(500ms)) {
        for (const Partition p : std::exchange(searched, {})) well.puller.release(p, well.now);
        if (open && well.now >= open->second + open->first.expires) {
            well.status(std::exchange(open, std::nullopt)->first, 408);
        } else if (open) {
            well.status(open->first, 100);
        }
        well.pump(1);
        for (const Partition p : well.binds) {
            well.puller.bound(p, well.now);
            if (p == 0) continue;
            well.puller.block(p);
            searched.push_back(p);
        }
        if (well.pulls.empty()) continue;
        REQUIRE(well.pulls.size() == 1);
        open = {well.pulls[0], well.now};
        asked_at[well.pulls[0].partition] = well.now;
    }
    for (const Partition p : partitions) CHECK(well.now - asked_at[p] <= 1min);
}
