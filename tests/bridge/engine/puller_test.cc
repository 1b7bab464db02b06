// Puller: what it asks of the server, and when it holds a request for lost.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/bridge/engine/well.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

TEST_CASE("puller: looks the consumer up before the first pull, once") {
    Well well;
    well.pump();
    CHECK(well.binds == std::vector<Partition>{0});
    CHECK(well.pulls.empty());
    CHECK(!well.puller.takes(0));
    well.pump();
    CHECK(well.binds.empty());
    well.puller.bound(0, well.now);
    CHECK(well.puller.takes(0));
    CHECK(well.puller.bound_count() == 1);
    well.pump();
    CHECK(well.pulls.size() == kPullSlots);
}

TEST_CASE("puller: asks for as much as the credit, in chunks, in requests the server can keep alive and fill") {
    Well well;
    well.bind();
    well.pump(250);
    CHECK(well.asked() == 250);
    for (const PullRequest& pull : well.pulls) {
        CHECK(pull.batch <= kChunk);
        CHECK(pull.heartbeat <= pull.expires / 2);
        CHECK(pull.max_bytes >= 2 * kMaxInput);
    }
    well.pump(250);
    CHECK(well.pulls.empty());
}

TEST_CASE("puller: asks for nothing when it is not allowed, blocked, or no byte may come") {
    Well well;
    well.bind();
    well.pump(1000, false);
    CHECK(well.pulls.empty());
    well.pump(1000, true, 0);
    CHECK(well.pulls.empty());
    well.puller.block(0);
    CHECK(!well.puller.takes(0));
    well.pump();
    CHECK(well.pulls.empty());
    well.puller.release(0, well.now);
    well.pump();
    CHECK(!well.pulls.empty());
}

TEST_CASE("puller: however little room in bytes, each partition may ask for one message of the largest size") {
    Well well({0, 1});
    well.bind(0);
    well.puller.bound(1, well.now);
    well.pump(1000, true, 100);
    REQUIRE(well.pulls.size() == 2);
    for (const PullRequest& pull : well.pulls) CHECK(pull.max_bytes == 2 * kMaxInput);
    CHECK(well.pulls[0].partition != well.pulls[1].partition);
}

TEST_CASE("puller: a request that was filled leaves its slot to the next, under a new number") {
    Well well;
    well.bind();
    well.pump(1);
    const PullRequest first = well.pulls.at(0);
    well.puller.received(0, first.slot, 10, well.now);
    well.pump(1);
    REQUIRE(well.pulls.size() == 1);
    CHECK(well.pulls[0].slot == first.slot);
    CHECK(well.pulls[0].number == first.number + 1);
    well.status(first, 408);  // late, of the request before
    well.pump(1);
    CHECK(well.pulls.empty());
}

TEST_CASE("puller: a status that ends the request frees the slot at once") {
    for (const auto& [code, text] :
         {std::pair{404, "No Messages"}, {408, "Request Timeout"}, {409, "Batch Completed"}}) {
        CAPTURE(text);
        Well well;
        well.bind();
        well.pump(1);
        well.status(well.pulls.at(0), code, text);
        well.pump(1);
        CHECK(well.pulls.size() == 1);
        CHECK(well.binds.empty());
    }
}

TEST_CASE("puller: after a refusal that passes by itself it rests a little") {
    Well well;
    well.bind();
    well.pump(1);
    well.status(well.pulls.at(0), 409, "Leadership Change");
    well.pump(1);
    CHECK(well.pulls.empty());
    const Time due = well.puller.next_due(well.now);
    CHECK(due - well.now <= 200ms);
    well.now = due;
    well.pump(1);
    CHECK(well.pulls.size() == 1);
}

TEST_CASE("puller: a request whose bytes are used up is followed by the next at once, unless it had room for nothing") {
    Well well;
    well.bind();
    well.pump(kChunk);
    const PullRequest used = well.pulls.at(0);
    well.puller.received(0, used.slot, kMaxInput, well.now);
    well.status(used, 409, "Message Size Exceeds MaxBytes");
    well.pump(kChunk);
    REQUIRE(well.pulls.size() == 1);
    well.status(well.pulls.at(0), 409, "Message Size Exceeds MaxBytes");
    well.pump(kChunk);
    CHECK(well.pulls.empty());
    well.now = well.puller.next_due(well.now);
    well.pump(kChunk);
    CHECK(well.pulls.size() == 1);
}

TEST_CASE("puller: when the consumer is gone or nobody answers, it is looked up again") {
    for (const auto& [code, text] : {std::pair{409, "Consumer Deleted"}, {409, "Consumer is push based"}, {503, ""}}) {
        CAPTURE(text);
        Well well;
        well.bind();
        well.pump();
        well.status(well.pulls.at(0), code, text);
        CHECK(well.puller.bound_count() == 0);
        well.pass(500ms);
        well.pump();
        CHECK(well.binds == std::vector<Partition>{0});
        CHECK(well.pulls.empty());
    }
}

TEST_CASE("puller: a consumer that allows smaller requests only is asked for less from then on") {
    Well well;
    well.bind();
    well.pump();
    well.status(well.pulls.at(0), 409, "Exceeded MaxRequestBatch of 60");
    well.pump();
    REQUIRE(well.pulls.size() == 1);
    CHECK(well.pulls[0].batch == kChunk / 2);
}

TEST_CASE("puller: a request without heartbeats is lost after two and a half, one with them is not") {
    Well well;
    well.bind();
    well.pump(2 * kChunk);
    REQUIRE(well.pulls.size() == 2);
    const auto silent = well.pulls[1];
    well.pass_with_heartbeats(well.pulls[0], 10s);
    well.pump(2 * kChunk);
    CHECK(well.pulls.empty());
    CHECK(well.puller.next_due(well.now) == well.now + 2500ms + 1ns);
    well.pass(2500ms + 1ns);
    well.pump(2 * kChunk);
    REQUIRE(well.pulls.size() == 1);
    CHECK(well.pulls[0].slot == silent.slot);
    CHECK(well.puller.bound_count() == 1);
}

TEST_CASE("puller: when nothing at all is heard the consumer may be gone, and is looked up again") {
    Well well;
    well.bind();
    well.pump();
    well.pass(12501ms);
    well.pump();
    CHECK(well.puller.bound_count() == 0);
    well.pass(500ms);
    well.pump();
    CHECK(well.binds.size() == 1);
}

TEST_CASE("puller: a request whose end never comes is given up some time after it expired, heartbeats or not") {
    Well well;
    well.bind();
    well.pump(1);
    const auto pull = well.pulls.at(0);
    well.pass_with_heartbeats(pull, kPullExpires + kPullHeartbeat);
    well.pump(1);
    CHECK(well.pulls.empty());
    well.pass(1ns);
    well.pump(1);
    CHECK(well.pulls.size() == 1);
}
