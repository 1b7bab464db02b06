// The engine and its source: what it may trust after silence, what it takes at most, and what a bind changes.
#include <doctest/doctest.h>

#include "tests/bridge/engine/bench.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

settings::Pipeline of_two() {
    auto pipeline = small_pipeline();
    pipeline.partitions = 2;
    return pipeline;
}

Bound quiet_bound(const Bench& bench, Partition partition = 0) {
    Bound bound = bench.usual_bound(partition);
    bound.ack_pending = 3;
    bound.ack_floor = 10;
    bound.delivered_sequence = 13;
    bound.idle_for = 10min;
    return bound;
}

Identity identity(std::uint8_t sequence, std::uint8_t element = 0) {
    Identity id;
    id.bytes[0] = sequence;
    id.bytes[1] = element;
    return id;
}

bool pulled_from(const Bench& bench, Partition partition) {
    return std::ranges::any_of(bench.pulls, [&](const PullRequest& pull) { return pull.partition == partition; });
}

}  // namespace

TEST_CASE("engine: each partition's consumer has its own last delivery") {
    Bench bench(of_two(), {0, 1});
    bench.tick();
    Bound limited = bench.usual_bound(0);
    limited.max_deliver = 2;
    bench.in(std::move(limited));
    bench.in(bench.usual_bound(1));
    bench.deliver(1, {"last"}, "acme", 2, 0);
    bench.deliver(2, {"not last"}, "acme", 2, 1);
    bench.tick();
    REQUIRE(bench.publications.size() == 1);
    CHECK(bench.publications[0].sequence == 1);
    CHECK(bench.publications[0].reason == Reason::deliveries_exhausted);
    CHECK(bench.requests.size() == 1);
}

TEST_CASE("engine: the last delivery of a message in hand is not left to luck") {
    Bench bench;
    bench.tick();
    Bound limited = bench.usual_bound();
    limited.max_deliver = 2;
    bench.in(std::move(limited));
    bench.deliver(1, {"a"}, "acme", 1);
    bench.tick();
    const auto request = bench.take_request();
    bench.deliver(1, {"a"}, "acme", 2);  // our in-progress acks were lost
    bench.tick();
    REQUIRE(bench.publications.size() == 1);
    CHECK(bench.publications[0].reason == Reason::deliveries_exhausted);
    bench.answer(request, Outcome::scored);
    CHECK(bench.publications.size() == 1);
    bench.store(bench.publications[0]);
    CHECK(bench.acks == Strings{"ack.1.2"});
}

TEST_CASE("engine: the shortest ack_wait of the partitions counts") {
    Bench bench(of_two(), {0, 1});
    bench.tick();
    Bound hasty = bench.usual_bound(0);
    hasty.ack_wait = 6s;
    bench.in(std::move(hasty));
    bench.in(bench.usual_bound(1));
    bench.deliver(1, {"a"});
    bench.tick();
    const auto request = bench.take_request();
    bench.now += 7s;
    bench.answer(request, Outcome::scored);
    CHECK(bench.publications.empty());
}

TEST_CASE("engine: what arrived while the process was stopped may be long somebody else's") {
    Bench bench;
    bench.bind();
    bench.now += 40s;  // stopped; the delivery came early in that time
    bench.deliver(1, {"a"});
    bench.tick();
    CHECK(bench.requests.empty());
    bench.in(bench.usual_bound());  // its pulls were lost meanwhile
    bench.deliver(1, {"a"}, "acme", 2);
    bench.tick();
    CHECK(bench.requests.size() == 1);
}

TEST_CASE("engine: a process stopped for half the duplicate window looks up what is stored before it goes on") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    REQUIRE(bench.publications.size() == 1);  // stored, but the answer is never read
    bench.now += 10min;
    bench.deliver(1, {"a"}, "acme", 2);  // in the socket all the while
    bench.tick();
    CHECK(bench.requests.empty());
    Bound bound = quiet_bound(bench);
    bound.idle_for = 1s;
    bench.in(std::move(bound));
    bench.tick();
    REQUIRE(bench.finds.size() == 1);
    bench.in(Found{bench.finds[0].number, {identity(1)}, std::nullopt});
    bench.tick();
    bench.deliver(1, {"a"}, "acme", 3);
    bench.tick();
    CHECK(bench.publications.size() == 1);
    CHECK(bench.acks == Strings{"ack.1.3"});
}

TEST_CASE("engine: a second bind does not let a partition be pulled from before its search is over") {
    Bench bench;
    bench.tick();
    bench.in(quiet_bound(bench));
    bench.tick();
    REQUIRE(bench.finds.size() == 1);
    Bound busy = quiet_bound(bench);
    busy.idle_for = 1s;
    bench.in(std::move(busy));
    bench.tick();
    CHECK(bench.pulls.empty());
    bench.in(Found{bench.finds.back().number, {}, std::nullopt});
    bench.tick();
    CHECK(!bench.pulls.empty());
}

TEST_CASE("engine: a search that cannot succeed shows, and does not keep the other partition waiting") {
    Bench bench(of_two(), {0, 1});
    bench.tick();
    bench.in(quiet_bound(bench, 0));
    bench.in(quiet_bound(bench, 1));
    bench.tick();
    REQUIRE(bench.finds.size() == 1);
    bench.in(Found{bench.finds[0].number, {}, Error{ErrorCode::misconfigured, "permissions violation"}});
    bench.pass(1s);
    CHECK(bench.engine().snapshot(bench.now).hold.find("permissions") != std::string::npos);
    REQUIRE(bench.finds.size() == 2);
    bench.in(Found{bench.finds[1].number, {}, std::nullopt});
    bench.tick();
    CHECK(pulled_from(bench, 1));
    CHECK(!pulled_from(bench, 0));
}

TEST_CASE("engine: a search that takes long is given longer each time") {
    Bench bench;
    bench.tick();
    bench.in(quiet_bound(bench));
    bench.tick();
    for (int i = 0; i < 170; ++i) bench.pass(1s);
    REQUIRE(bench.finds.size() == 2);
    CHECK(bench.finds[1].number != bench.finds[0].number);
}

TEST_CASE("engine: what a search found stays known until its message is acked") {
    Bench bench;
    bench.tick();
    bench.in(quiet_bound(bench));
    bench.tick();
    bench.in(Found{bench.finds[0].number, {identity(11)}, std::nullopt});
    bench.tick();
    bench.deliver(11, {"stored", "new"}, "acme", 2);
    bench.tick();
    const auto late = bench.take_request();
    CHECK(late.rows == Strings{"new"});
    bench.stop_for(35s);  // the message is let go
    bench.answer(late, Outcome::scored);
    CHECK(bench.publications.empty());
    bench.deliver(11, {"stored", "new"}, "acme", 3);
    bench.tick();
    REQUIRE(bench.requests.size() == 1);
    CHECK(bench.take_request().rows == Strings{"new"});
}

TEST_CASE("engine: an ack is withheld while another stream may stand under the old name") {
    auto pipeline = small_pipeline();
    pipeline.input.max_ack_pending = 1;
    Bench bench(pipeline);
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    const std::size_t binds = bench.binds.size();
    SUBCASE("not bound") {
        bench.in(Disconnected{});
        bench.in(Reconnected{});
        bench.store_all();
        CHECK(bench.binds.size() == binds + 1);
    }
    SUBCASE("nothing heard for long, with no request open that would tell") {
        bench.pass(11s);
        CHECK(bench.binds.size() == binds);
        bench.store_all();
        CHECK(bench.binds.size() == binds + 1);
    }
    SUBCASE("stopped meanwhile") {
        bench.now += 11s;
        bench.in(Stored{bench.publications[0].id, {}, false, 1, false});
        bench.tick();
    }
    CHECK(bench.acks.empty());
    bench.in(bench.usual_bound());
    bench.deliver(1, {"a"}, "acme", 2);
    CHECK(bench.acks == Strings{"ack.1.2"});
}

TEST_CASE("engine: what waits for a request does not grow with redeliveries that were let go") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::misconfigured, 404);  // on hold: nothing leaves the queue
    for (std::uint64_t round = 1; round <= 20; ++round) {
        bench.in(bench.usual_bound());
        bench.deliver(2, std::vector<std::string>(500, "b"), "acme", round);
        bench.tick();
        bench.in(Disconnected{});
        bench.advance(31s);  // not touched for ack_wait
        bench.in(Reconnected{});
    }
    CHECK(bench.engine().snapshot(bench.now).queued_events < 2500);
}

TEST_CASE("engine: messages that become large in memory are asked for with care") {
    auto pipeline = small_pipeline();
    pipeline.input.max_pending_bytes = 256 << 20;
    Bench bench(pipeline);
    bench.bind();
    REQUIRE(!bench.pulls.empty());
    const auto at_first = bench.pulls.back().max_bytes;
    CHECK(at_first <= 4 << 20);  // nothing is known yet
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        auto delivery = std::make_unique<Delivery>();
        delivery->stream_sequence = i;
        delivery->payload = Payload(std::string(50'000, 'x'));
        bench.in(Delivered{0, std::move(delivery)});  // without events: acked at once
    }
    bench.pulls.clear();
    bench.in(bench.usual_bound());
    bench.pass(40s);
    REQUIRE(!bench.pulls.empty());
    CHECK(bench.pulls.back().max_bytes > at_first);
}
