#include "tests/sim/sim_server.h"

#include <doctest/doctest.h>

#include <utility>

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Client : PullSink {
    struct Got {
        std::uint64_t sequence;
        std::uint64_t count;
        std::uint64_t request;
    };
    std::vector<Got> messages;
    std::vector<std::pair<int, std::string>> statuses;
    bool was_cut = false;

    void deliver(const PullRequest& request, const Delivered& delivered, const StoredMessage&) override {
        messages.push_back({delivered.stream_sequence, delivered.count, request.number});
    }
    void status(const PullRequest&, int code, std::string description) override {
        statuses.emplace_back(code, std::move(description));
    }
    void cut() override { was_cut = true; }
};

struct Fixture {
    Scheduler scheduler;
    SimServer server{scheduler};
    Client client;
    ClientId id = 0;

    explicit Fixture(ConsumerConfig config = {}) {
        server.add_stream({.name = "EVENTS", .subjects = {"events.>"}});
        config.name = "c";
        config.filter = "events.*.trips";
        server.add_consumer("EVENTS", config);
        id = server.connect(client);
    }
    void publish(int count) {
        for (int n = 0; n < count; ++n) server.publish("events.acme.trips", {}, "{}");
    }
    void pull(std::uint32_t batch, std::uint64_t number = 1, Duration expires = seconds(100), std::uint64_t bytes = 0) {
        server.pull(id, "EVENTS", "c",
                    {.partition = 0,
                     .slot = 0,
                     .number = number,
                     .batch = batch,
                     .max_bytes = bytes,
                     .expires = expires,
                     .heartbeat = expires > seconds(10) ? Duration(seconds(5)) : Duration::zero()});
    }
    SimConsumer& consumer() { return *server.consumer("EVENTS", "c"); }
    void advance(Duration time) { scheduler.run_until(scheduler.now() + time); }
};

std::string ack_subject(std::uint64_t sequence) { return "$JS.ACK.EVENTS.c.1." + std::to_string(sequence) + ".1.0.0"; }

TEST_CASE("stream: an identity is stored once within the duplicate window, whatever its subject") {
    Scheduler scheduler;
    SimServer server(scheduler);
    server.add_stream({.name = "OUT", .subjects = {"results.>", "dead.>"}, .duplicate_window = seconds(10)});
    CHECK(server.publish("results.a", {{"Nats-Msg-Id", "1"}}, "x").sequence == 1);
    const auto again = server.publish("dead.a", {{"Nats-Msg-Id", "1"}}, "y");
    CHECK(again.duplicate);
    CHECK(again.sequence == 1);
    scheduler.run_until(scheduler.now() + seconds(10));
    CHECK_FALSE(server.publish("dead.a", {{"Nats-Msg-Id", "1"}}, "y").duplicate);
    CHECK(server.stream("OUT")->last_sequence() == 2);
}

TEST_CASE("stream: the wrong expected stream, no stream and too large are three errors") {
    Scheduler scheduler;
    SimServer server(scheduler);
    server.add_stream({.name = "OUT", .subjects = {"results.*"}, .max_message = 10});
    CHECK(server.publish("results.a", {{"Nats-Expected-Stream", "IN"}}, "").error->code == ErrorCode::misconfigured);
    CHECK(server.publish("results.a.b", {}, "").error->code == ErrorCode::misconfigured);
    CHECK(server.publish("results.a", {}, std::string(11, 'x')).error->code == ErrorCode::too_large);
    CHECK_FALSE(server.publish("results.a", {}, std::string(10, 'x')).error);
}

TEST_CASE("consumer: delivers what its filter matches, in order, and what is not acked again after ack_wait") {
    Fixture f;
    f.publish(2);
    f.server.publish("events.acme.other", {}, "");
    f.publish(1);
    f.pull(10);
    REQUIRE(f.client.messages.size() == 3);
    CHECK(f.client.messages[2].sequence == 4);
    f.server.answer_delivery(ack_subject(1), "+ACK");
    f.server.answer_delivery(ack_subject(4), "+ACK");
    f.advance(seconds(29));
    CHECK(f.client.messages.size() == 3);
    f.advance(seconds(2));
    REQUIRE(f.client.messages.size() == 4);
    CHECK(f.client.messages[3].sequence == 2);
    CHECK(f.client.messages[3].count == 2);
}

TEST_CASE("consumer: in-progress puts redelivery off, a nak brings it forward") {
    Fixture f;
    f.publish(2);
    f.pull(10);
    f.advance(seconds(20));
    f.server.answer_delivery(ack_subject(1), "+WPI");
    f.server.answer_delivery(ack_subject(2), "-NAK {\"delay\":2000000000}");
    f.advance(seconds(1));
    CHECK(f.client.messages.size() == 2);
    f.advance(seconds(2));
    REQUIRE(f.client.messages.size() == 3);
    CHECK(f.client.messages[2].sequence == 2);
    f.advance(seconds(20));
    CHECK(f.client.messages.size() == 3);
    f.advance(seconds(8));
    CHECK(f.client.messages[3].sequence == 1);
}

TEST_CASE("consumer: max_ack_pending stalls new messages and not redeliveries") {
    Fixture f({.ack_wait = seconds(5), .max_ack_pending = 2});
    f.publish(4);
    f.pull(10);
    CHECK(f.client.messages.size() == 2);
    f.advance(seconds(6));
    CHECK(f.client.messages.size() == 4);
    f.server.answer_delivery(ack_subject(2), "+ACK");
    CHECK(f.client.messages.back().sequence == 3);
}

TEST_CASE("consumer: a late ack from an old delivery counts, a second one changes nothing") {
    Fixture f({.ack_wait = seconds(5)});
    f.publish(1);
    f.pull(10);
    f.advance(seconds(6));
    CHECK(f.client.messages.size() == 2);
    int acked = 0;
    f.server.watch({.stored = [](const auto&, const auto&) {}, .acked = [&](const auto&, auto) { ++acked; }});
    f.server.answer_delivery(ack_subject(1), "+ACK");
    f.server.answer_delivery(ack_subject(1), "+ACK");
    CHECK(acked == 1);
    CHECK(f.consumer().ack_pending() == 0);
    f.advance(minutes(1));
    CHECK(f.client.messages.size() == 2);
}

TEST_CASE("consumer: overlapping requests are served in turn") {
    Fixture f;
    f.pull(2, 1);
    f.pull(2, 2);
    f.publish(4);
    REQUIRE(f.client.messages.size() == 4);
    CHECK(f.client.messages[0].request == 1);
    CHECK(f.client.messages[1].request == 2);
    CHECK(f.client.messages[2].request == 1);
    f.publish(1);
    CHECK(f.client.messages.size() == 4);
}

TEST_CASE("consumer: an idle request beats, then expires; one whose bytes do not reach ends with 409") {
    Fixture f;
    f.pull(2, 1, seconds(12));
    f.advance(seconds(11));
    CHECK(f.client.statuses ==
          std::vector<std::pair<int, std::string>>{{100, "Idle Heartbeat"}, {100, "Idle Heartbeat"}});
    f.advance(seconds(1));
    CHECK(f.client.statuses.back().first == 408);
    f.publish(1);
    CHECK(f.client.messages.empty());
    f.pull(2, 2, seconds(12), 5);
    CHECK(f.client.statuses.back().second == "Message Size Exceeds MaxBytes");
}

TEST_CASE("consumer: after max_deliver a message is given up") {
    Fixture f({.ack_wait = seconds(5), .max_deliver = 2});
    f.publish(1);
    f.pull(10);
    f.advance(seconds(30));
    CHECK(f.client.messages.size() == 2);
    CHECK(f.consumer().given_up() == std::vector<std::uint64_t>{1});
}

TEST_CASE("server: a restart forgets requests, connections and activity, and keeps what was delivered and stored") {
    Fixture f;
    f.publish(2);
    f.pull(10);
    f.server.answer_delivery(ack_subject(1), "+ACK");
    CHECK(f.consumer().last_active());
    f.server.stop();
    CHECK(f.client.was_cut);
    f.advance(minutes(1));
    f.server.start();
    CHECK_FALSE(f.consumer().last_active());
    CHECK(f.consumer().ack_pending() == 1);
    f.publish(1);
    CHECK(f.client.messages.size() == 2);
    f.id = f.server.connect(f.client);
    f.pull(10);
    REQUIRE(f.client.messages.size() == 4);
    CHECK(f.client.messages[2].sequence == 2);
    CHECK(f.client.messages[2].count == 2);
}

TEST_CASE("server: acks that were not flushed come back as redeliveries") {
    Fixture f;
    f.publish(1);
    f.pull(1);
    f.server.answer_delivery(ack_subject(1), "+ACK");
    f.server.stop(seconds(2));
    f.server.start();
    CHECK(f.consumer().ack_pending() == 1);
}

}  // namespace
}  // namespace millrace::sim
