// One turn of a shard: what it takes in, what it asks for, and how long it may sleep afterwards.
#include <doctest/doctest.h>

#include "tests/bridge/shard/bench.h"

using namespace millrace;
using namespace std::chrono_literals;

TEST_CASE("shard: an event goes from its subject to its tenant's result, and is acked after that") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    bench.deliver(7, "in.acme", R"({"x":1})");
    REQUIRE(bench.endpoint.requests.size() == 1);
    bench.respond("[4.5]");
    REQUIRE(bench.jetstream.publications.size() == 1);
    CHECK(bench.jetstream.publications[0].subject == "out.acme");
    CHECK(bench.jetstream.acks.empty());
    bench.arrive(Stored{bench.jetstream.publications[0].id, {}, false, 1, false});
    REQUIRE(bench.jetstream.acks.size() == 1);
    CHECK(bench.jetstream.acks[0].starts_with("$JS.ACK.S.p-p0.1.7."));
}

TEST_CASE("shard: a result that is too large becomes a dead letter in the same turn") {
    ShardBench bench;
    bench.turn();
    Bound bound = bench.usual_bound();
    bound.max_payload = 4096;
    bench.arrive(bound);
    bench.deliver(7, "in.acme", R"({"x":1})");
    bench.respond("[\"" + std::string(5000, 'z') + "\"]");
    REQUIRE(bench.jetstream.publications.size() == 1);
    CHECK(bench.jetstream.publications[0].subject == "dead.acme");
}

TEST_CASE("shard: a timer that comes due between a turn and the sleep after it is not slept over") {
    auto pipeline = small_pipeline();
    pipeline.endpoint.max_batch_wait = 1ms;
    ShardBench bench(pipeline);
    bench.turn();
    bench.bind();
    bench.deliver(7, "in.acme", R"({"x":1})");
    CHECK(bench.shard().until_due(bench.now) == 1ms);
    CHECK(bench.shard().until_due(bench.now + 2ms) == 0ms);
    bench.shard().wait(bench.now + 2ms, 1s);
    CHECK(bench.endpoint.waited == 0ms);
}

TEST_CASE("shard: after a turn that did what was due it does not spin") {
    ShardBench bench;
    bench.turn();
    CHECK(bench.shard().until_due(bench.now) >= 500ms);
    bench.bind();
    bench.deliver(7, "in.acme", R"({"x":1})");
    bench.respond("", 503);
    for (int turn = 0; turn < 100; ++turn) {
        bench.now += bench.shard().until_due(bench.now);
        bench.turn();
        CHECK(bench.shard().until_due(bench.now) > 0ms);
    }
}

TEST_CASE("shard: a drain that finds nothing in hand is over after one turn") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    bench.shard().drain(bench.now + 5s);
    CHECK(!bench.shard().drained());
    bench.turn();
    CHECK(bench.shard().drained());
}

TEST_CASE("shard: a drain does not wait for fuller batches") {
    auto pipeline = small_pipeline();
    pipeline.endpoint.max_batch_wait = 10s;
    ShardBench bench(pipeline);
    bench.turn();
    bench.bind();
    bench.deliver(7, "in.acme", R"({"x":1})");
    CHECK(bench.endpoint.requests.empty());
    bench.shard().drain(bench.now + 5s);
    bench.turn();
    CHECK(bench.endpoint.requests.size() == 1);
}

TEST_CASE("shard: what another stream's or consumer's reply claims is not taken for a delivery") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    bench.deliver(7, "in.acme", R"({"x":1})", "other-p0");
    CHECK(bench.endpoint.requests.empty());
    CHECK(bench.jetstream.naks.empty());
    CHECK(bench.observer.notes.back().event == "bad_delivery");
}

TEST_CASE("shard: a message without a usable tenant goes to the operator, unread") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    bench.deliver(7, "in.a b", R"({"x":1})");
    REQUIRE(bench.jetstream.publications.size() == 1);
    CHECK(bench.jetstream.publications[0].subject == "dead-unroutable");
    CHECK(bench.endpoint.requests.empty());
}
