// The engine as a whole: inputs in, effects out, no clock and no socket.
#include "bridge/engine/engine.h"

#include <doctest/doctest.h>

#include "tests/bridge/engine/bench.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

TEST_CASE("engine: a message is acked after its result is stored, and not before") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    REQUIRE(bench.requests.size() == 1);
    CHECK(bench.publications.empty());
    bench.answer(bench.take_request(), Outcome::scored);
    REQUIRE(bench.publications.size() == 1);
    CHECK(bench.publications[0].score == "score of a");
    CHECK(bench.acks.empty());
    bench.store_all();
    CHECK(bench.acks == Strings{"ack.1.1"});
}

TEST_CASE("engine: a message of three events is acked when the third is stored") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a", "b", "c"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    REQUIRE(bench.publications.size() == 3);
    bench.store(bench.publications[2]);
    bench.store(bench.publications[0]);
    CHECK(bench.acks.empty());
    bench.store(bench.publications[1]);
    CHECK(bench.acks == Strings{"ack.1.1"});
}

TEST_CASE("engine: nothing is pulled before the partition is bound, and then no more than max_ack_pending") {
    Bench bench;
    bench.tick();
    REQUIRE(bench.binds.size() == 1);
    CHECK(bench.pulls.empty());
    bench.in(bench.usual_bound());
    bench.tick();
    std::size_t asked = 0;
    for (const PullRequest& pull : bench.pulls) asked += pull.batch;
    CHECK(asked > 0);
    CHECK(asked <= settings::effective_max_ack_pending(small_pipeline()));
}

TEST_CASE("engine: a request holds one tenant's events") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a1"}, "a");
    bench.deliver(2, {"b1"}, "b");
    bench.deliver(3, {"a2"}, "a");
    bench.tick();
    std::size_t rows = 0;
    while (!bench.requests.empty()) {
        const auto request = bench.take_request();
        for (const std::string& row : request.rows) CHECK(row[0] == request.rows[0][0]);
        rows += request.rows.size();
        bench.answer(request, Outcome::scored);
    }
    CHECK(rows == 3);
}

TEST_CASE("engine: one poison event among ten is a dead letter, its nine mates are scored") {
    Bench bench;
    bench.bind();
    for (std::uint64_t i = 1; i <= 10; ++i) bench.deliver(i, {"row" + std::to_string(i)});
    bench.tick();
    const std::size_t served = bench.serve({"row7"});
    bench.store_all();
    CHECK(bench.acks.size() == 10);
    CHECK(served <= 1 + 2 * 4 + 1 + 2);
}

TEST_CASE("engine: an event is not convicted while the endpoint refuses everything") {
    Bench bench;
    bench.bind();
    for (std::uint64_t i = 1; i <= 40; ++i) bench.deliver(i, {"row" + std::to_string(i)});
    bench.tick();
    while (!bench.requests.empty()) bench.answer(bench.take_request(), Outcome::rejected, 400);
    CHECK(bench.publications.empty());
    CHECK(!bench.engine().snapshot(bench.now).hold.empty());
    for (int minute = 0; minute < 60; ++minute) {
        for (int i = 0; i < 6; ++i) bench.advance(10s);
        while (!bench.requests.empty()) bench.answer(bench.take_request(), Outcome::rejected, 400);
        bench.give_again("row");
    }
    CHECK(bench.publications.empty());
    CHECK(bench.acks.empty());

    // The endpoint is mended: everything is scored and acked, nobody was convicted.
    for (int minute = 0; minute < 20 && bench.acks.size() < 40; ++minute) {
        for (int i = 0; i < 6; ++i) {
            bench.advance(10s);
            bench.serve({});
            bench.store_all();
            bench.give_again("row");
        }
    }
    CHECK(bench.acks.size() == 40);
}

TEST_CASE("engine: a wrong address holds, keeps everything in progress and resumes by itself") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::misconfigured, 404);
    CHECK(bench.engine().snapshot(bench.now).hold.find("404") != std::string::npos);
    CHECK(bench.requests.empty());
    for (int i = 0; i < 5; ++i) bench.advance(10s);
    CHECK(bench.in_progress.size() >= 4);
    REQUIRE(bench.requests.size() == 1);
    bench.answer(bench.take_request(), Outcome::scored);
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
    bench.store_all();
    CHECK(bench.acks.size() == 1);
}

TEST_CASE("engine: a key is read again once on 401 before the pipeline holds") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    REQUIRE(bench.requests.size() == 1);
    CHECK(bench.requests[0].refresh_key);
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
    bench.answer(bench.take_request(), Outcome::unauthorized, 401);
    CHECK(bench.requests.empty());
    CHECK(!bench.engine().snapshot(bench.now).hold.empty());
}

TEST_CASE("engine: a transient failure is retried for as long as it lasts and never judged") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    std::size_t attempts = 0;
    std::uint64_t deliveries = 1;
    for (int minute = 0; minute < 120; ++minute) {
        for (int i = 0; i < 12; ++i) {
            bench.advance(5s);
            if (!bench.naks.empty()) {  // somebody else could try, but nobody is there
                bench.naks.clear();
                bench.in(bench.usual_bound());  // no heartbeat comes here
                bench.deliver(1, {"a"}, "acme", ++deliveries);
            }
            while (!bench.requests.empty()) {
                bench.answer(bench.take_request(), Outcome::failed, 500);
                ++attempts;
            }
        }
    }
    CHECK(attempts > 100);
    CHECK(bench.publications.empty());
    CHECK(bench.acks.empty());
}

TEST_CASE("engine: a publication without an answer is sent again, and one answer is enough") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    REQUIRE(bench.publications.size() == 1);
    bench.advance(6s);
    bench.advance(6s);
    REQUIRE(bench.publications.size() >= 2);
    bench.store(bench.publications[0]);  // the late answer to the first attempt
    CHECK(bench.acks.size() == 1);
    bench.store(bench.publications[1]);
    CHECK(bench.acks.size() == 1);
}

TEST_CASE("engine: when the duplicate window may be over the output is searched before a publication is sent again") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"}, "acme", 2);
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    for (int i = 0; i < 70 && bench.finds.empty(); ++i) bench.advance(1s);
    REQUIRE(bench.finds.size() == 1);
    const std::size_t sent = bench.publications.size();
    bench.advance(10s);
    CHECK(bench.publications.size() == sent);
    Identity id;
    id.bytes[0] = 1;
    bench.in(Found{bench.finds[0].number, {id}, std::nullopt});
    bench.tick();
    CHECK(bench.acks.size() == 1);
    CHECK(bench.publications.size() == sent);
}

TEST_CASE("engine: a delivery that was not touched for ack_wait is not published") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    const auto request = bench.take_request();
    bench.now += 31s;  // the process was suspended
    bench.answer(request, Outcome::scored);
    CHECK(bench.publications.empty());
    bench.in(bench.usual_bound());
    bench.deliver(1, {"a"}, "acme", 2);
    bench.tick();
    REQUIRE(bench.requests.size() == 1);
    bench.answer(bench.take_request(), Outcome::scored);
    bench.store_all();
    CHECK(bench.acks == Strings{"ack.1.2"});
}

TEST_CASE("engine: a redelivery after a lost ack is acked and not worked again") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.serve({});
    bench.store_all();
    bench.deliver(1, {"a"}, "acme", 2);
    bench.tick();
    CHECK(bench.requests.empty());
    CHECK(bench.acks == Strings{"ack.1.1", "ack.1.2"});
}

TEST_CASE("engine: after a quiet time with unacked messages stored results are looked up before pulling") {
    Bench bench;
    bench.tick();
    Bound bound = bench.usual_bound();
    bound.ack_pending = 3;
    bound.ack_floor = 10;
    bound.delivered_sequence = 13;
    bound.idle_for = 10min;
    bench.in(std::move(bound));
    bench.tick();
    REQUIRE(bench.finds.size() == 1);
    CHECK(bench.pulls.empty());
    CHECK(bench.finds[0].input_above == 10);
    Identity id;
    id.bytes[0] = 11;
    bench.in(Found{bench.finds[0].number, {id}, std::nullopt});
    bench.tick();
    CHECK(!bench.pulls.empty());
    bench.deliver(11, {"a"}, "acme", 2);
    bench.tick();
    CHECK(bench.requests.empty());
    CHECK(bench.acks == Strings{"ack.11.2"});
}

TEST_CASE("engine: a drain stops pulling, finishes what is in hand and naks the rest at the deadline") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.deliver(2, {"b"}, "other");
    bench.tick();
    const std::size_t pulls = bench.pulls.size();
    bench.in(Drain{bench.now + 5s});
    bench.answer(bench.take_request(), Outcome::scored);
    bench.store_all();
    CHECK(bench.acks.size() == 1);
    CHECK(!bench.engine().drained());
    bench.advance(5s);
    CHECK(bench.naks.size() == 1);
    CHECK(bench.notes.back().event == "given_back");
    CHECK(bench.engine().drained());
    CHECK(bench.pulls.size() == pulls);
}

TEST_CASE("engine: what open pull requests bring during a drain is finished too, and given back after its deadline") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.in(Drain{bench.now + 5s});
    bench.deliver(2, {"b"});
    CHECK(bench.naks.empty());
    bench.answer(bench.take_request(), Outcome::scored);
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    bench.store_all();
    CHECK(bench.acks.size() == 2);
    CHECK(bench.engine().drained());
    bench.advance(5s);
    bench.deliver(3, {"c"});
    CHECK(bench.naks.size() == 1);
    CHECK(bench.engine().drained());
}

TEST_CASE("engine: with on_rejected fail the first refusal halts with a remedy and gives everything back") {
    auto pipeline = small_pipeline();
    pipeline.endpoint.on_rejected = settings::OnRejected::fail;
    Bench bench(pipeline);
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::rejected, 400);
    CHECK(bench.engine().snapshot(bench.now).halt == "on_rejected");
    CHECK(bench.naks.size() == 1);
    CHECK(bench.publications.empty());
}

TEST_CASE("engine: verdicts over the tenant's ratio wait") {
    auto pipeline = small_pipeline();
    pipeline.endpoint.max_dead_letter_ratio = 0.02;
    Bench bench(pipeline);
    bench.bind();
    Strings poison;
    for (std::uint64_t i = 1; i <= 40; ++i) {
        bench.deliver(i, {"row" + std::to_string(i)});
        if (i % 8 == 0) poison.push_back("row" + std::to_string(i));
    }
    bench.tick();
    bench.serve(poison);
    std::size_t dead = 0;
    for (const auto& publication : bench.publications) dead += publication.reason.has_value() ? 1 : 0;
    CHECK(dead == 2);
    bench.store_all();
    CHECK(bench.acks.size() == 37);
    CHECK(bench.engine().snapshot(bench.now).accused == 3);
}

TEST_CASE("engine: never more than partitions times parallel requests are in flight") {
    auto pipeline = small_pipeline();
    pipeline.partitions = 2;
    pipeline.endpoint.parallel_requests_per_partition = 4;
    pipeline.endpoint.max_batch_count = 1;
    Bench bench(pipeline, {0, 1});
    bench.tick();
    bench.in(bench.usual_bound(0));
    bench.in(bench.usual_bound(1));
    for (std::uint64_t i = 1; i <= 400; ++i) {
        auto delivery = std::make_unique<Delivery>();
        delivery->partition = i % 2;
        delivery->stream_sequence = i;
        delivery->tenant = "t";
        delivery->ack_subject = "ack";
        delivery->events.resize(1);
        delivery->events[0].row = "r";
        bench.in(Delivered{0, std::move(delivery)});
    }
    bench.tick();
    std::size_t most = 0;
    while (!bench.requests.empty()) {
        most = std::max(most, bench.requests.size());
        bench.answer(bench.take_request(), Outcome::scored);
    }
    CHECK(most == 8);
}

TEST_CASE("engine: an event that always times out while others pass is found and set aside") {
    Bench bench;
    bench.bind();
    std::uint64_t sequence = 0;
    bench.deliver(++sequence, {"slow"});
    for (int second = 0; second < 1200 && bench.acks.size() < sequence; ++second) {
        if (second < 120) bench.deliver(++sequence, {"row" + std::to_string(sequence)});
        bench.advance(1s);
        bench.serve({"slow"}, Outcome::timed_out);
        for (const auto& publication : bench.publications) {
            if (publication.reason) CHECK(*publication.reason == Reason::timeout);
        }
        bench.store_all();
    }
    CHECK(bench.acks.size() == sequence);
}

TEST_CASE("engine: a first delivery held for almost a window is looked up before its publication") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    for (int i = 0; i < 11; ++i) bench.advance(10s);  // an in-progress ack may have been lost on the way
    CHECK(bench.naks.empty());
    bench.answer(bench.take_request(), Outcome::scored);
    CHECK(bench.publications.empty());
    REQUIRE(bench.finds.size() == 1);
    bench.in(Found{bench.finds[0].number, {}, std::nullopt});
    bench.tick();
    CHECK(bench.publications.size() == 1);
    CHECK(bench.finds.size() == 1);
}

TEST_CASE("engine: a redelivery may have waited for as long as nothing was pulled") {
    auto pipeline = small_pipeline();
    pipeline.input.max_ack_pending = 1;
    Bench bench(pipeline);
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.pulls.clear();  // no request is open, so no heartbeat comes
    for (int i = 0; i < 5; ++i) bench.advance(10s);
    bench.answer(bench.take_request(), Outcome::scored);
    bench.store_all();
    bench.in(bench.usual_bound());
    bench.deliver(2, {"b"}, "acme", 2);
    bench.tick();
    for (int i = 0; i < 2; ++i) bench.advance(10s);
    bench.answer(bench.take_request(), Outcome::scored);
    CHECK(bench.publications.empty());
    CHECK(bench.finds.size() == 1);
}

TEST_CASE("engine: a redelivery held for half the duplicate window is looked up before its first publication") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"}, "acme", 2);
    bench.tick();
    for (int i = 0; i < 7; ++i) bench.advance(10s);  // the endpoint takes its time
    bench.answer(bench.take_request(), Outcome::scored);
    CHECK(bench.publications.empty());
    REQUIRE(bench.finds.size() == 1);
    CHECK(!bench.finds[0].from_sequence);
    SUBCASE("stored by another replica: acked, not published again") {
        Identity id;
        id.bytes[0] = 1;
        bench.in(Found{bench.finds[0].number, {id}, std::nullopt});
        bench.tick();
        CHECK(bench.publications.empty());
        CHECK(bench.acks == Strings{"ack.1.2"});
    }
    SUBCASE("not stored: published") {
        bench.in(Found{bench.finds[0].number, {}, std::nullopt});
        bench.tick();
        CHECK(bench.publications.size() == 1);
    }
}
