#include <doctest/doctest.h>

#include <set>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

TEST_CASE("pull: a message comes whole, with where it came from") {
    Bench b;
    b.open();
    const std::string payload("{\"a\":1}\0\xff tail", 14);
    const auto sequence = b.world->publish("events.acme.trips", payload, {{"traceparent", "00-1"}, {"x", "a"}});
    b.pull(3, 1, 10);
    const auto message = b.await<ports::Message>();
    CHECK(message.partition == 0);
    CHECK(message.slot == 3);
    CHECK(message.subject == "events.acme.trips");
    CHECK(message.payload.bytes() == payload);
    CHECK(std::ranges::find(message.headers, Header{"traceparent", "00-1"}) != message.headers.end());
    CHECK(std::ranges::find(message.headers, Header{"x", "a"}) != message.headers.end());
    const auto place = place_of(message);
    CHECK(place.stream == "EVENTS");
    CHECK(place.consumer == "trips-p0");
    CHECK(place.stream_sequence == sequence);
    CHECK(place.delivered == 1);
    CHECK(place.pending == 0);
    CHECK(b.world->server_now() - place.stored_at < seconds(5));
}

TEST_CASE("pull: an empty message is a message") {
    Bench b;
    b.open();
    b.world->publish("events.acme.trips", "");
    b.world->publish("events.acme.trips", "", {{"x", "y"}});
    b.pull(0, 1, 2);
    CHECK(b.await<ports::Message>().payload.size() == 0);
    CHECK(b.await<ports::Message>().payload.size() == 0);
}

TEST_CASE("ack: moves the floor and ends the matter") {
    Bench b;
    b.open();
    for (int i = 0; i < 2; ++i) b.world->publish("events.a.trips", "x");
    b.pull(0, 1, 2);
    b.ack(b.await<ports::Message>());
    b.ack(b.await<ports::Message>());
    b.world->advance(milliseconds(200));
    CHECK(b.world->consumer("EVENTS", "trips-p0")->ack_floor == 2);
    b.pull(0, 2, 2);
    CHECK(b.count_after<ports::Message>(milliseconds(1500)) == 0);
}

TEST_CASE("ack_wait: what is not acked comes again, counted") {
    Bench b;
    b.open();
    const auto sequence = b.world->publish("events.a.trips", "x");
    b.pull(0, 1, 1);
    CHECK(place_of(b.await<ports::Message>()).delivered == 1);
    b.pull(1, 1, 1);
    const auto again = b.await<ports::Message>();
    CHECK(place_of(again).delivered == 2);
    CHECK(place_of(again).stream_sequence == sequence);
    CHECK(again.slot == 1);
}

TEST_CASE("in_progress: holds the redelivery off for as long as it is said") {
    Bench b;
    b.open();
    b.world->publish("events.a.trips", "x");
    b.pull(0, 1, 1);
    const auto message = b.await<ports::Message>();
    b.pull(1, 1, 1);
    for (int i = 0; i < 8; ++i) {
        b.door->in_progress(message.reply);
        b.door->flush();
        CHECK(b.count_after<ports::Message>(milliseconds(200)) == 0);
    }
    CHECK(place_of(b.await<ports::Message>()).delivered == 2);
}

TEST_CASE("nak: brings a message back at once, or after the delay") {
    Bench b;
    b.pipeline.input.ack_wait = seconds(30);
    b.open();
    b.world->publish("events.a.trips", "x");
    b.pull(0, 1, 1);
    const auto first = b.await<ports::Message>();
    b.door->nak(first.reply, Duration::zero());
    b.door->flush();
    b.pull(0, 2, 1);
    const auto second = b.await<ports::Message>(seconds(2));
    CHECK(place_of(second).delivered == 2);
    b.door->nak(second.reply, milliseconds(700));
    b.door->flush();
    b.pull(0, 3, 1);
    CHECK(b.count_after<ports::Message>(milliseconds(450)) == 0);
    CHECK(place_of(b.await<ports::Message>(seconds(3))).delivered == 3);
}

TEST_CASE("pull: overlapping requests are each filled to their own size, and every message tells its slot") {
    Bench b;
    b.pipeline.input.ack_wait = seconds(30);
    b.open();
    for (std::uint32_t slot = 0; slot < kPullSlots; ++slot) b.pull(slot, 5, 3);
    for (int i = 0; i < 20; ++i) b.world->publish("events.a.trips", std::to_string(i));
    std::array<int, kPullSlots> per_slot{};
    std::set<std::uint64_t> sequences;
    for (int i = 0; i < 12; ++i) {
        const auto message = b.await<ports::Message>();
        ++per_slot.at(message.slot);
        sequences.insert(place_of(message).stream_sequence);
    }
    CHECK(per_slot == std::array<int, kPullSlots>{3, 3, 3, 3});
    CHECK(sequences.size() == 12);
    CHECK(b.count_after<ports::Message>(milliseconds(300)) == 0);
}

TEST_CASE("status: a request that expires says so with its number") {
    Bench b;
    b.open();
    b.pull(2, 41, 5, milliseconds(300));
    const auto status = b.await<PullStatus>();
    CHECK(status.code == 408);
    CHECK(status.partition == 0);
    CHECK(status.slot == 2);
    CHECK(status.number == 41);
}

TEST_CASE("status: a waiting request is heard of by heartbeats") {
    Bench b;
    b.open();
    b.pull(1, 9, 5, seconds(3), milliseconds(200));
    const auto beats = [](const PullStatus& s) { return s.code == 100 && s.slot == 1 && s.number == 9; };
    b.await_that<PullStatus>(beats);
    b.await_that<PullStatus>(beats);
}

TEST_CASE("status: a deleted consumer ends its requests, and a new bind makes it anew") {
    Bench b;
    b.open();
    b.pull(0, 1, 5, seconds(20));
    b.world->advance(milliseconds(200));
    b.world->delete_consumer("EVENTS", "trips-p0");
    const auto status = b.await<PullStatus>();
    CHECK(status.code == 409);
    CHECK(status.description.contains("Consumer Deleted"));
    CHECK(status.number == 1);
    b.bind();
    b.world->publish("events.a.trips", "x");
    b.pull(0, 2, 5);
    CHECK(b.await<ports::Message>().payload.bytes() == "x");
}
