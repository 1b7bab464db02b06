// The engine and its endpoint: who is blamed, how long it waits, what wakes it from a hold.
#include <doctest/doctest.h>

#include "tests/bridge/engine/bench.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

settings::Pipeline with_control(std::uint32_t parallel = 2) {
    auto pipeline = small_pipeline();
    pipeline.endpoint.control = "control";
    pipeline.endpoint.parallel_requests_per_partition = parallel;
    pipeline.endpoint.max_batch_count = 1;
    return pipeline;
}

// Answers the oldest request as the endpoint does when it asks for patience.
void throttle(Bench& bench, Duration retry_after) {
    Answer answer;
    answer.outcome = Outcome::throttled;
    answer.retry_after = retry_after;
    bench.in(Answered{bench.take_request().id, std::move(answer)});
}

// Requests in flight, two at least: the limit grows with what is scored.
void warm_up(Bench& bench, std::size_t messages, std::size_t in_flight) {
    std::uint64_t sequence = 1000;
    while (bench.requests.size() < in_flight) {
        while (bench.engine().snapshot(bench.now).queued_events < messages) bench.deliver(++sequence, {"warm"});
        bench.tick();
        if (bench.requests.size() < in_flight) bench.answer(bench.take_request(), Outcome::scored);
    }
}

}  // namespace

TEST_CASE("engine: an event whose mates went stale while they travelled was not refused alone") {
    auto pipeline = small_pipeline();
    pipeline.endpoint.control = "control";
    pipeline.endpoint.max_batch_wait = 8s;
    Bench bench(pipeline);
    bench.bind();
    bench.deliver(1, {"poison"});
    bench.pass(7s);
    bench.deliver(2, {"good"});
    bench.pass(1s);
    REQUIRE(bench.requests.size() == 1);
    REQUIRE(bench.requests[0].rows.size() == 2);
    bench.in(Disconnected{});
    bench.pass(24s);  // the first delivery is stale now, the second is not
    bench.answer(bench.take_request(), Outcome::rejected, 400);
    CHECK(bench.engine().snapshot(bench.now).accused == 0);
    bench.serve({"poison"});
    for (const auto& publication : bench.publications) CHECK(!publication.reason);
}

TEST_CASE("engine: a ratio of one lets every verdict pass, however many there are") {
    auto pipeline = with_control();
    pipeline.endpoint.max_dead_letter_ratio = 1;
    Bench bench(pipeline);
    bench.bind();
    for (std::uint64_t i = 1; i <= 250; ++i) bench.deliver(i, {"poison"});
    bench.tick();
    bench.serve({"poison"});
    bench.store_all();
    CHECK(bench.acks.size() == 250);
    CHECK(bench.engine().snapshot(bench.now).halt.empty());
}

TEST_CASE("engine: nothing is sent before Retry-After is over, though an earlier request is scored meanwhile") {
    Bench bench(with_control());
    bench.bind();
    warm_up(bench, 4, 2);
    throttle(bench, 60s);
    bench.answer(bench.take_request(), Outcome::scored);
    CHECK(bench.requests.empty());
    bench.pass(59s);
    CHECK(bench.requests.empty());
    bench.pass(2s);
    CHECK(!bench.requests.empty());
}

TEST_CASE("engine: a probe waits for Retry-After, too") {
    Bench bench(with_control());
    bench.bind();
    warm_up(bench, 4, 2);
    throttle(bench, 200s);
    bench.answer(bench.take_request(), Outcome::misconfigured, 404);
    bench.pass(199s);
    CHECK(bench.requests.empty());
    bench.pass(2s);
    CHECK(bench.requests.size() == 1);
}

TEST_CASE("engine: many requests that fail together put off the first probe no more than one") {
    Bench bench(with_control(8));
    bench.bind();
    warm_up(bench, 20, 8);
    while (!bench.requests.empty()) bench.answer(bench.take_request(), Outcome::misconfigured, 404);
    bench.pass(37s);
    CHECK(bench.requests.size() == 1);
}

TEST_CASE("engine: a burst of failures is backed off from as one") {
    Bench bench(with_control(8));
    bench.bind();
    warm_up(bench, 20, 8);
    bench.now += 1ms;
    while (!bench.requests.empty()) {
        Answer answer;
        answer.outcome = Outcome::failed;
        bench.in(Answered{bench.take_request().id, std::move(answer)});
    }
    bench.advance(51ms);
    CHECK(!bench.requests.empty());
}

TEST_CASE("engine: a witness that meets a rotated key has it read again, and nothing is held") {
    Bench bench(with_control());
    bench.bind();
    bench.deliver(1, {"poison"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::rejected, 400);
    REQUIRE(bench.requests.size() == 1);
    REQUIRE(bench.requests[0].rows == Strings{"control"});
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
    bench.pass(2s);
    REQUIRE(!bench.requests.empty());
    CHECK(bench.requests[0].refresh_key);
}

TEST_CASE("engine: every probe reads the key again, for it may have been put right") {
    Bench bench(with_control());
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    for (int probe = 0; probe < 3; ++probe) {
        while (bench.requests.empty()) bench.pass(1s);
        CHECK(bench.requests[0].refresh_key);
        bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    }
}

TEST_CASE("engine: an endpoint that knows us by something else now is probed at once, and only if it was out") {
    Bench bench(with_control());
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.in(Reintroduced{0});
    CHECK(bench.requests.size() == 1);
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    bench.pass(2s);
    CHECK(bench.requests.empty());
    bench.in(Reintroduced{7});  // not one of ours
    bench.tick();
    CHECK(bench.requests.empty());
    bench.in(Reintroduced{0});
    bench.tick();
    REQUIRE(bench.requests.size() == 1);
    CHECK(bench.requests[0].refresh_key);
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);  // it did not help: as seldom as ever
    bench.pass(20s);
    CHECK(bench.requests.empty());
}

TEST_CASE("engine: partitions take turns, whatever the rhythm of the turns") {
    auto pipeline = with_control(1);
    pipeline.partitions = 2;
    Bench bench(pipeline, {0, 1});
    bench.tick();
    bench.in(bench.usual_bound(0));
    bench.in(bench.usual_bound(1));
    for (std::uint64_t i = 1; i <= 40; ++i) bench.deliver(i, {"r"}, "acme", 1, i % 2);
    bench.tick();
    std::size_t of_second = 0;
    for (int i = 0; i < 10; ++i) {
        const auto request = bench.take_request();
        of_second += request.partition;
        bench.answer(request, Outcome::failed, 500);  // keeps the limit at one
        bench.advance(20s);
    }
    CHECK(of_second >= 3);
    CHECK(of_second <= 7);
}

TEST_CASE("engine: a tenant with nothing but refused events rests, and the others go on") {
    Bench bench;
    bench.bind();
    for (std::uint64_t i = 1; i <= 40; ++i) bench.deliver(i, {"bad" + std::to_string(i)}, "acme");
    bench.tick();
    std::size_t refused = 0;
    const auto serve = [&] {
        while (!bench.requests.empty()) {
            const auto request = bench.take_request();
            const bool bad = request.rows.front().starts_with("bad");
            refused += bad ? 1 : 0;
            bench.answer(request, bad ? Outcome::rejected : Outcome::scored, bad ? 400 : 200);
        }
    };
    serve();
    CHECK(refused < 40);  // halves of the first batches, then rest
    CHECK(!bench.engine().snapshot(bench.now).hold.empty());
    bench.deliver(41, {"good"}, "beta");
    bench.tick();
    serve();
    bench.store_all();
    CHECK(bench.acks == Strings{"ack.41.1"});
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
    // A try now and then, not a storm.
    refused = 0;
    for (int i = 0; i < 10; ++i) {
        bench.advance(1s);
        serve();
    }
    CHECK(refused == 0);
}
