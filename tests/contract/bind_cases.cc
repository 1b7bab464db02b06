#include <doctest/doctest.h>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

TEST_CASE("bind: makes the consumer that the settings ask for") {
    Bench b;
    b.pipeline.input.max_ack_pending = 77;
    const Bound bound = b.open();
    const auto made = b.world->consumer("EVENTS", "trips-p0");
    REQUIRE(made);
    CHECK(made->filter == "events.*.trips");
    CHECK(made->ack_wait == milliseconds(600));
    CHECK(made->max_deliver == -1);
    CHECK(made->max_ack_pending == 77);
    CHECK(bound.ack_wait == milliseconds(600));
    CHECK(bound.max_deliver == -1);
    CHECK(bound.max_ack_pending == 77);
}

TEST_CASE("bind: a start is honoured when the consumer is made") {
    Bench b;
    b.make_input();
    b.make_output();
    b.world->publish("events.a.trips", "1");
    b.world->publish("events.a.trips", "2");
    b.world->advance(milliseconds(50));
    const ServerTime between = b.world->server_now();
    b.world->advance(milliseconds(50));
    b.world->publish("events.a.trips", "3");
    std::uint64_t first = 1;
    SUBCASE("all") { b.pipeline.input.start = settings::StartAll{}; }
    SUBCASE("a sequence") {
        b.pipeline.input.start = std::uint64_t{2};
        first = 2;
    }
    SUBCASE("a time") {
        b.pipeline.input.start = between;
        first = 3;
    }
    SUBCASE("new") {
        b.pipeline.input.start = settings::StartNew{};
        first = 4;
    }
    b.connect();
    b.bind();
    b.world->publish("events.a.trips", "4");
    b.pull(0, 1, 10);
    CHECK(b.await<ports::Message>().payload.bytes() == std::to_string(first));
}

TEST_CASE("bind: tells what the streams hold") {
    Bench b;
    b.make_input();
    b.make_output(5000);
    for (int i = 0; i < 3; ++i) b.world->publish("events.a.trips", "x");
    b.world->publish("results.a.trips", "old");
    b.connect();
    const Bound bound = b.bind();
    CHECK(bound.input_first_sequence == 1);
    CHECK(bound.input_last_sequence == 3);
    CHECK(bound.ack_floor == 0);
    CHECK(bound.ack_pending == 0);
    CHECK(bound.output_last_sequence == std::vector<std::uint64_t>{1, 1, 1, 0});
    CHECK(bound.duplicate_window == std::chrono::minutes(2));
    CHECK(bound.max_payload <= 5000);
    CHECK(bound.max_payload > 4900);
    CHECK(bound.stream_created != ServerTime{});
    CHECK(bound.stream_created <= bound.server_now);
    CHECK(bound.server_now - b.world->server_now() < seconds(2));
    CHECK(b.world->server_now() - bound.server_now < seconds(2));
    CHECK(bound.oldest_unacked > bound.stream_created);
    CHECK(bound.oldest_unacked < bound.server_now);
}

TEST_CASE("bind: again after work tells the floor, what is pending and since when nothing moved") {
    Bench b;
    b.open();
    for (int i = 0; i < 4; ++i) b.world->publish("events.a.trips", "x");
    b.pull(0, 1, 3);
    const auto first = b.await<ports::Message>();
    b.await<ports::Message>();
    b.await<ports::Message>();
    b.ack(first);
    b.world->advance(milliseconds(300));
    const Bound bound = b.bind();
    CHECK(bound.ack_floor == 1);
    CHECK(bound.delivered_sequence == 3);
    CHECK(bound.ack_pending == 2);
    REQUIRE(bound.idle_for);
    CHECK(*bound.idle_for >= milliseconds(250));
    CHECK(*bound.idle_for < seconds(5));
    CHECK(bound.oldest_unacked < bound.server_now);
    CHECK(bound.oldest_unacked > place_of(first).stored_at);
}

TEST_CASE("bind: with nothing unacked the oldest is now") {
    Bench b;
    const Bound bound = b.open();
    CHECK(bound.oldest_unacked == bound.server_now);
}

TEST_CASE("bind: a start at new leaves nothing behind the floor") {
    Bench b;
    b.pipeline.input.start = settings::StartNew{};
    b.make_input();
    b.make_output();
    for (int i = 0; i < 3; ++i) b.world->publish("events.a.trips", "x");
    b.connect();
    const Bound bound = b.bind();
    CHECK(bound.ack_floor == 3);
    CHECK(bound.oldest_unacked == bound.server_now);
}

TEST_CASE("bind: a missing input stream is named") {
    Bench b;
    b.make_output();
    b.connect();
    const Error error = b.bind_error();
    CHECK(error.code == ErrorCode::not_found);
    CHECK(error.text.contains("EVENTS"));
}

TEST_CASE("bind: a missing output stream is named by its subject, and nothing is made") {
    Bench b;
    b.make_input();
    b.world->create_stream({.name = "OUT", .subjects = {"results.>"}});
    b.connect();
    const Error error = b.bind_error();
    CHECK(error.code == ErrorCode::not_found);
    CHECK(error.text.contains("dead.*.trips"));
    CHECK_FALSE(b.world->consumer("EVENTS", "trips-p0"));
}

TEST_CASE("bind: a consumer that exists is used as it is") {
    Bench b;
    b.make_input();
    b.make_output();
    b.world->create_consumer("EVENTS", "trips-p0", "events.*.trips");
    b.connect();
    const Bound bound = b.bind();
    CHECK(bound.ack_wait == seconds(30));
    CHECK(b.world->consumer("EVENTS", "trips-p0")->ack_wait == seconds(30));
}

TEST_CASE("bind: a consumer with another filter or without explicit acks is refused and left alone") {
    Bench b;
    b.make_input();
    b.make_output();
    std::string difference;
    SUBCASE("filter") {
        b.world->create_consumer("EVENTS", "trips-p0", "events.*.other");
        difference = "events.*.other";
    }
    SUBCASE("ack policy") {
        b.world->create_consumer("EVENTS", "trips-p0", "events.*.trips", "all");
        difference = "all";
    }
    b.connect();
    const Error error = b.bind_error();
    CHECK(error.code == ErrorCode::misconfigured);
    CHECK(error.text.contains(difference));
    CHECK(b.world->consumer("EVENTS", "trips-p0"));
}

TEST_CASE("bind: partitions have consumers of their own") {
    auto pipeline = trips();
    pipeline.partitions = 2;
    pipeline.input.subject = "events.{partition}.{tenant}.trips";
    Bench b(pipeline);
    b.open();
    b.bind(1);
    b.world->publish("events.1.a.trips", "for one");
    b.world->publish("events.0.a.trips", "for zero");
    b.pull(0, 1, 10, seconds(5), {}, 0);
    b.pull(2, 7, 10, seconds(5), {}, 1);
    const auto zero = b.await_that<ports::Message>([](const auto& m) { return m.partition == 0; });
    const auto one = b.await_that<ports::Message>([](const auto& m) { return m.partition == 1; });
    CHECK(zero.payload.bytes() == "for zero");
    CHECK(one.payload.bytes() == "for one");
    CHECK(one.slot == 2);
}
