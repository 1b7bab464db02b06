// Commit: what is published when, what an answer settles, and what must be searched for first.
#include "bridge/engine/commit.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tests/bridge/engine/desk.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;
using Sequences = std::vector<std::uint64_t>;

namespace {

const Error kNoLeader{ErrorCode::unavailable, "no leader"};
const Error kForbidden{ErrorCode::misconfigured, "permissions violation"};
const Error kTooLarge{ErrorCode::too_large, "message too large"};

}  // namespace

TEST_CASE(
    "commit: an event is published once, settled by its PubAck, and the message acked with the last of its events") {
    Desk desk;
    const DeliveryId id = desk.deliver(1, 2);
    desk.commit.store({id, 0});
    desk.commit.store({id, 1});
    CHECK(desk.commit.holds({id, 0}));
    const auto sent = desk.pump();
    REQUIRE(sent.size() == 2);
    CHECK(desk.pump().empty());
    desk.answer(sent[1]);
    CHECK(desk.settled.size() == 1);
    CHECK(desk.acked.empty());
    desk.answer(sent[0]);
    CHECK(desk.acked == Sequences{1});
    CHECK(desk.commit.size() == 0);
    desk.answer(sent[0]);  // once more says nothing
    CHECK(desk.settled.size() == 2);
}

TEST_CASE("commit: nothing is sent while disconnected, nor for a delivery that went stale") {
    Desk desk;
    desk.commit.store({desk.deliver(1), 0});
    CHECK(desk.pump(false).empty());
    desk.now += Desk::kAckWait;
    CHECK(desk.pump().empty());
    CHECK(desk.commit.size() == 0);
}

TEST_CASE("commit: only so many publications are unanswered at once") {
    Desk desk;
    const auto most = static_cast<std::uint32_t>(Commit::kMostUnanswered);
    const DeliveryId id = desk.deliver(1, most + 10);
    for (std::uint32_t i = 0; i < most + 10; ++i) desk.commit.store({id, i});
    const auto sent = desk.pump();
    CHECK(sent.size() == most);
    desk.answer(sent[0]);
    CHECK(desk.pump().size() == 1);
}

TEST_CASE("commit: without an answer it is sent again after five seconds; one answer, to whichever, is enough") {
    for (const std::size_t answered : {0u, 1u}) {
        Desk desk;
        std::vector<Publish> sent = {desk.send_one(1)};
        desk.pass(Commit::kAnswerWithin - 1ns);
        CHECK(desk.pump().empty());
        desk.pass(1ns);
        desk.pump();
        desk.pass(5s);
        sent.push_back(desk.pump().at(0));
        CHECK(sent[0].id != sent[1].id);
        desk.answer(sent[answered]);
        CHECK(desk.acked == Sequences{1});
        // Neither takes a place among the unanswered any more.
        const auto most = static_cast<std::uint32_t>(Commit::kMostUnanswered);
        const DeliveryId id = desk.deliver(2, most);
        for (std::uint32_t i = 0; i < most; ++i) desk.commit.store({id, i});
        CHECK(desk.pump().size() == most);
        desk.answer(sent[1 - answered]);
        CHECK(desk.settled.size() == 1);
    }
}

TEST_CASE("commit: a refusal that comes late says nothing; the attempt after it will tell") {
    Desk desk;
    const Publish first = desk.send_one(1);
    desk.pass(5s);
    desk.pump();
    desk.pass(1s);
    const auto second = desk.pump();
    REQUIRE(second.size() == 1);
    desk.answer(first, kTooLarge);
    CHECK(!second[0].event->settlement.verdict);
    desk.answer(second[0]);
    CHECK(desk.acked == Sequences{1});
}

TEST_CASE("commit: after a failure one is let through at a time, until one is stored") {
    Desk desk;
    const DeliveryId id = desk.deliver(1, 5);
    for (std::uint32_t i = 0; i < 5; ++i) desk.commit.store({id, i});
    for (const Publish& publish : desk.pump()) desk.answer(publish, kNoLeader);
    CHECK(desk.pump().empty());
    CHECK(desk.commit.next_due(desk.now) - desk.now <= 100ms);  // the five failed as one
    desk.now = desk.commit.next_due(desk.now);
    const auto first = desk.pump();
    REQUIRE(first.size() == 1);
    desk.answer(first[0]);
    CHECK(desk.pump().size() == 4);
}

TEST_CASE("commit: what refuses us is told until something is stored; what passes only when it does not pass") {
    Desk desk;
    Publish last = desk.send_one(1);
    for (int failures = 1; failures <= 3; ++failures) {
        CHECK(desk.commit.sink().complaint().empty());
        desk.answer(last, kNoLeader);
        desk.pass(5s);
        last = desk.pump().at(0);
    }
    CHECK(desk.commit.sink().complaint() == "no leader");
    CHECK(desk.commit.sink().trouble().empty());
    desk.answer(last, kForbidden);
    CHECK(desk.commit.sink().trouble() == "permissions violation");
    desk.pass(30s);
    desk.answer(desk.pump().at(0));
    CHECK(desk.commit.sink().trouble().empty());
    CHECK(desk.commit.sink().complaint().empty());
}

TEST_CASE("commit: a result that is too large becomes a dead letter of that reason, sent at once") {
    Desk desk;
    desk.answer(desk.send_one(1), kTooLarge);
    const auto sent = desk.pump();
    REQUIRE(sent.size() == 1);
    REQUIRE(sent[0].event->settlement.verdict);
    CHECK(sent[0].event->settlement.verdict->reason == Reason::result_too_large);
    CHECK(sent[0].event->settlement.score.empty());
    desk.answer(sent[0]);
    CHECK(desk.acked == Sequences{1});
}

TEST_CASE("commit: after half the window it is searched for, from where the first attempt could lie") {
    Desk desk;
    desk.send_one(1);
    desk.pass(Desk::kWindow / 2 + 1ns);
    CHECK(desk.pump().empty());
    desk.pass(5s);
    CHECK(desk.pump().empty());
    const auto find = desk.commit.want_search();
    REQUIRE(find);
    REQUIRE(find->from_sequence);
    CHECK(*find->from_sequence == std::vector<std::uint64_t>{101, 201, 301, 401});
    CHECK(!desk.commit.want_search());  // one at a time
    Effects out;
    SUBCASE("found: settled as a duplicate, acked, not sent again") {
        desk.commit.searched({find->number, {Desk::identity(1, 0)}, {}}, out);
        desk.count(out);
        CHECK(desk.settled == std::vector{true});
        CHECK(desk.acked == Sequences{1});
        CHECK(desk.pump().empty());
    }
    SUBCASE("not there: sent again") {
        desk.commit.searched({find->number, {Desk::identity(2, 0)}, {}}, out);
        CHECK(out.empty());
        CHECK(desk.pump().size() == 1);
    }
    SUBCASE("the search failed: wanted again") {
        desk.commit.searched({find->number, {}, kNoLeader}, out);
        CHECK(desk.pump().empty());
        CHECK(desk.commit.want_search());
    }
}

TEST_CASE("commit: what is known to be stored is settled without being sent") {
    Desk desk;
    Effects out;
    desk.commit.found({desk.deliver(1), 0}, {}, out);
    desk.count(out);
    CHECK(desk.settled == std::vector{true});
    CHECK(desk.acked == Sequences{1});
}

TEST_CASE("commit: of a delivery seen by many the output is searched before the first attempt, by time") {
    Desk desk;
    const ServerTime stored(24h);
    const DeliveryId id = desk.deliver(1, 1, 3);
    desk.pass(Desk::kWindow);
    desk.commit.store({id, 0});
    CHECK(desk.pump().empty());
    const auto find = desk.commit.want_search();
    REQUIRE(find);
    CHECK(!find->from_sequence);
    CHECK(find->from_time <= stored);
}

TEST_CASE("commit: a first delivery of which something may be stored for a quarter of the window overstays") {
    Desk desk;
    const DeliveryId id = desk.deliver(1, 2);
    CHECK(!desk.commit.overstays(id, desk.now + 1h));
    desk.commit.store({id, 0});
    desk.pump();
    CHECK(!desk.commit.overstays(id, desk.now + Desk::kWindow / 4));
    CHECK(desk.commit.overstays(id, desk.now + Desk::kWindow / 4 + 1ns));
    const DeliveryId again = desk.deliver(2, 1, 2);
    desk.commit.store({again, 0});
    CHECK(!desk.commit.overstays(again, desk.now + 1h));
}

TEST_CASE("commit: what is let go of is neither sent nor settled; a late answer for it says nothing") {
    Desk desk;
    const DeliveryId id = desk.deliver(1);
    desk.commit.store({id, 0});
    const auto sent = desk.pump();
    desk.commit.forget({id, 0});
    desk.ledger.forget(id);
    desk.answer(sent.at(0));
    CHECK(desk.settled.empty());
    desk.pass(1min);
    CHECK(desk.pump().empty());
    CHECK(!desk.commit.want_search());
}
