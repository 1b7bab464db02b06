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

namespace {
std::string array_of(std::size_t elements) {
    std::string text = "[";
    for (std::size_t i = 0; i < elements; ++i) text += i == 0 ? R"({"x":1})" : R"(,{"x":1})";
    return text + "]";
}
}  // namespace

TEST_CASE("shard: a turn takes about 5,000 events and leaves the rest to the next ones") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) bench.put(sequence, "in.acme", array_of(4000));
    bench.turn();
    CHECK(bench.shard().snapshot(bench.now).open_deliveries == 2);
    CHECK(bench.shard().until_due(bench.now) == 0ms);
    bench.put(6, "in.acme", R"({"x":1})");
    bench.turn();
    CHECK(bench.shard().snapshot(bench.now).open_deliveries == 4);
    bench.turn();
    // The fifth, and what came meanwhile, whose wake was used up by the waits before.
    CHECK(bench.shard().snapshot(bench.now).open_deliveries == 6);
    CHECK(bench.shard().until_due(bench.now) > 0ms);
}

TEST_CASE("shard: the mailbox is looked into again although the turn's share went to older mail") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    for (std::uint64_t sequence = 1; sequence <= 2; ++sequence) bench.put(sequence, "in.acme", array_of(5000));
    bench.turn();
    bench.put(3, "in.acme", R"({"x":1})");
    bench.turn();
    CHECK(bench.shard().snapshot(bench.now).open_deliveries == 2);
    CHECK(bench.shard().until_due(bench.now) == 0ms);
    bench.turn();
    CHECK(bench.shard().snapshot(bench.now).open_deliveries == 3);
}

TEST_CASE("shard: large payloads count as many events") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    for (std::uint64_t sequence = 1; sequence <= 10; ++sequence)
        bench.put(sequence, "in.acme", R"({"x":1,"note":")" + std::string(1 << 20, '.') + "\"}");
    bench.turn();
    CHECK(bench.shard().snapshot(bench.now).open_deliveries == 5);
}

TEST_CASE("shard: what waited for its turn longer than ack_wait belongs to somebody else") {
    ShardBench bench;
    bench.turn();
    bench.bind();  // ack_wait is 30 s
    bench.now += 1s;
    bench.turn();
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) bench.put(sequence, "in.acme", array_of(5000));
    for (int turn = 0; turn < 3; ++turn, bench.now += 20s) bench.turn();
    CHECK(bench.shard().snapshot(bench.now).open_deliveries == 2);
    CHECK(std::ranges::count(bench.observer.notes, "expired", &Note::event) == 1);
}

TEST_CASE("shard: a drain does not leave mail behind") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) bench.put(sequence, "in.acme", array_of(5000));
    bench.shard().drain(bench.now);
    bench.turn();
    CHECK(!bench.shard().drained());
    while (!bench.shard().drained() && bench.jetstream.naks.size() < 4) bench.turn();
    CHECK(bench.jetstream.naks.size() == 3);
}

TEST_CASE("shard: what is in hand is counted as it is held, headers and events included") {
    ShardBench bench;
    bench.turn();
    bench.bind();
    const std::string array = array_of(1000);
    bench.deliver(1, "in.acme", array);
    const auto one = bench.shard().snapshot(bench.now).open_bytes;
    CHECK(one > array.size() + 1000 * sizeof(Event));
    CHECK(one < array.size() + 2000 * sizeof(Event));
    bench.put(2, "in.acme", "[]", "p-p0", {{"X-Big", std::string(60'000, 'h')}});
    bench.put(3, "in.acme", R"({"x":1})", "p-p0", {{"X-Big", std::string(60'000, 'h')}});
    bench.turn();
    CHECK(bench.shard().snapshot(bench.now).open_bytes > one + 120'000);
    CHECK(bench.shard().snapshot(bench.now).open_bytes < one + 130'000);
}
