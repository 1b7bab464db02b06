// What the owner of a partition does with its state: compare-and-set, reads from the leader, purges, and which streams
// are refused.
#include <doctest/doctest.h>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

constexpr auto kState = Read::From::state;
constexpr auto kInput = Read::From::input;

std::vector<std::string> payloads(const std::vector<contract::StoredMessage>& messages) {
    std::vector<std::string> out;
    for (const auto& message : messages) out.push_back(message.payload);
    return out;
}

std::string text(const GotMessage& got) { return got.message ? got.message->payload : "nothing"; }
std::uint64_t sequence(const GotMessage& got) { return got.message ? got.message->sequence : 0; }

}  // namespace

TEST_CASE("compare-and-set: stores while the subject's last message is the one expected, and only then") {
    Bench b(owned_trips());
    b.open_owned();
    const Stored first = b.store_state(1, "one", 0);
    REQUIRE_FALSE(first.error);
    const Stored second = b.store_state(2, "two", first.sequence);
    REQUIRE_FALSE(second.error);
    for (const std::uint64_t wrong : {std::uint64_t{0}, first.sequence, second.sequence + 1}) {
        const Stored late = b.store_state(10 + wrong, "late", wrong);
        REQUIRE(late.error);
        CHECK(late.error->code == ErrorCode::conflict);
        CHECK(late.refused);
    }
    CHECK(payloads(b.world->read_stream("STATE")) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("compare-and-set: looks at its own subject and at no other") {
    Bench b(owned_trips());
    b.open_owned();
    const Stored head = b.store_state(1, "head", 0);
    CHECK_FALSE(b.store_state(2, "part", {}, {}, "millrace.state.trips.0.w.1.0").error);
    CHECK_FALSE(b.store_state(3, "other", 0, {}, "millrace.state.trips.1").error);
    CHECK_FALSE(b.store_state(4, "next head", head.sequence).error);
}

// Which of the two comes first differs between servers; either way nothing is stored twice, and a read tells.
TEST_CASE("compare-and-set: what is sent again is a duplicate or a conflict, and never stored again") {
    Bench b(owned_trips());
    b.open_owned();
    const std::vector<Header> id = {{"Nats-Msg-Id", "head-1"}};
    const Stored first = b.store_state(1, "head", 0, id);
    REQUIRE_FALSE(first.error);
    const Stored again = b.store_state(2, "head", 0, id);
    if (again.error) {
        CHECK(again.error->code == ErrorCode::conflict);
        CHECK(again.refused);
    } else {
        CHECK(again.duplicate);
        CHECK(again.sequence == first.sequence);
    }
    CHECK(b.world->read_stream("STATE").size() == 1);
    CHECK(sequence(b.read({.from = kState, .which = Read::Which::last})) == first.sequence);
    // And without an identity there is nothing to be a duplicate of.
    CHECK(b.store_state(3, "head", 0).error->code == ErrorCode::conflict);
}

TEST_CASE("compare-and-set: two with one expectation, one of them is stored") {
    Bench b(owned_trips());
    b.open_owned();
    for (std::uint64_t id = 1; id <= 2; ++id)
        b.door->publish({StoreId{id}, Output::state, "millrace.state.trips.0", {}, std::to_string(id), 0});
    b.door->flush();
    const auto one = b.await<Stored>();
    const auto other = b.await<Stored>();
    CHECK(one.error.has_value() != other.error.has_value());
    CHECK((one.error ? one : other).error->code == ErrorCode::conflict);
    CHECK(b.world->read_stream("STATE").size() == 1);
}

TEST_CASE("read: nothing is there, and that is no error") {
    Bench b(owned_trips());
    b.open_owned();
    for (const auto from : {kState, kInput}) {
        for (const auto which : {Read::Which::last, Read::Which::at, Read::Which::next}) {
            const auto got = b.read({.from = from, .which = which, .sequence = 1});
            CHECK_FALSE(got.error);
            CHECK_FALSE(got.message);
        }
    }
}

TEST_CASE("read: the last head of the partition, whole") {
    Bench b(owned_trips());
    b.open_owned();
    const std::string payload("\0binary\xff\r\n", 10);
    REQUIRE_FALSE(b.store_state(1, "old", 0).error);
    const Stored head = b.store_state(2, payload, 1, {{"X", "a b"}});
    REQUIRE_FALSE(b.store_state(3, "part", {}, {}, "millrace.state.trips.0.w.1.0").error);
    REQUIRE_FALSE(b.store_state(4, "of another", 0, {}, "millrace.state.trips.1").error);
    const auto got = b.read({.from = kState, .which = Read::Which::last});
    REQUIRE(got.message);
    CHECK(got.message->sequence == head.sequence);
    CHECK(got.message->subject == "millrace.state.trips.0");
    CHECK(got.message->payload == payload);
    CHECK(std::ranges::find(got.message->headers, Header{"X", "a b"}) != got.message->headers.end());
    CHECK(b.world->server_now() - got.message->stored_at < seconds(5));
    CHECK(text(b.read({.partition = 1, .from = kState, .which = Read::Which::last})) == "of another");
}

TEST_CASE("read: parts by their subject, heads in turn, anything by its sequence") {
    Bench b(owned_trips());
    b.open_owned();
    const std::string part = "millrace.state.trips.0.w.1.0";
    REQUIRE_FALSE(b.store_state(1, "part", {}, {}, part).error);
    REQUIRE_FALSE(b.store_state(2, "head 1", 0).error);
    REQUIRE_FALSE(b.store_state(3, "part 2", {}, {}, "millrace.state.trips.0.w.2.0").error);
    REQUIRE_FALSE(b.store_state(4, "head 2", 2).error);
    CHECK(text(b.read({.from = kState, .which = Read::Which::last, .subject = part})) == "part");
    CHECK(text(b.read({.from = kState, .which = Read::Which::next, .sequence = 1})) == "head 1");
    CHECK(text(b.read({.from = kState, .which = Read::Which::next, .sequence = 3})) == "head 2");
    CHECK_FALSE(b.read({.from = kState, .which = Read::Which::next, .sequence = 5}).message);
    CHECK_FALSE(b.read({.from = kState, .which = Read::Which::next, .sequence = 2, .subject = part}).message);
    CHECK(text(b.read({.from = kState, .which = Read::Which::at, .sequence = 3})) == "part 2");
    CHECK_FALSE(b.read({.from = kState, .which = Read::Which::at, .sequence = 9}).message);
}

TEST_CASE("read: of the input what the partition reads, by sequence or from one on") {
    Bench b(owned_trips());
    b.open_owned();
    b.world->publish("events.0.a.trips", "first");
    b.world->publish("events.1.a.trips", "of another partition");
    b.world->publish("events.0.a.other", "of nobody");
    const auto at = b.read({.from = kInput, .which = Read::Which::at, .sequence = 2});
    REQUIRE(at.message);
    CHECK(at.message->payload == "of another partition");
    const auto next = b.read({.from = kInput, .which = Read::Which::next, .sequence = 1});
    REQUIRE(next.message);
    CHECK(next.message->sequence == 1);
    CHECK_FALSE(b.read({.from = kInput, .which = Read::Which::next, .sequence = 2}).message);
    CHECK(sequence(b.read({.partition = 1, .from = kInput, .which = Read::Which::next, .sequence = 1})) == 2);
}

TEST_CASE("read: of an output what is stored there, by subject or by sequence") {
    Bench b(owned_trips());
    b.open_owned();
    constexpr auto kOutput = Read::From::output;
    const Output counts = aggregate_output(0);
    CHECK_FALSE(b.read({.from = kOutput, .output = counts, .which = Read::Which::last}).message);
    b.world->publish("aggregates.a.counts", "a 1", {{"X", "y"}});
    b.world->publish("aggregates.b.counts", "b 1");
    b.world->publish("aggregates.a.counts", "a 2");
    b.world->publish("dead.a.trips", "dead");
    const auto last =
        b.read({.from = kOutput, .output = counts, .which = Read::Which::last, .subject = "aggregates.a.counts"});
    CHECK(text(last) == "a 2");
    CHECK(sequence(last) == 3);
    const auto at = b.read({.from = kOutput, .output = counts, .which = Read::Which::at, .sequence = 1});
    REQUIRE(at.message);
    CHECK(at.message->subject == "aggregates.a.counts");
    CHECK(std::ranges::find(at.message->headers, Header{"X", "y"}) != at.message->headers.end());
    const auto next = [&](std::uint64_t from) {
        return text(b.read({.from = kOutput, .output = counts, .which = Read::Which::next, .sequence = from}));
    };
    CHECK(next(2) == "b 1");
    CHECK(next(4) == "nothing");
    CHECK(text(b.read({.from = kOutput, .output = Output::dead_letter, .which = Read::Which::next})) == "dead");
    const auto none = b.read({.from = kOutput, .output = Output::result, .which = Read::Which::at, .sequence = 1});
    REQUIRE(none.error);
    CHECK(none.error->code == ErrorCode::misconfigured);
}

// A replica that has just started, and has looked at nothing.
TEST_CASE("read: of an output before anything else is asked") {
    Bench b(owned_trips());
    b.open_owned();
    b.world->publish("aggregates.a.counts", "there");
    b.door = b.world->jetstream(b.pipeline, b.arrivals);
    const auto got = b.read({.from = Read::From::output,
                             .output = aggregate_output(0),
                             .which = Read::Which::last,
                             .subject = "aggregates.a.counts"});
    CHECK(text(got) == "there");
}

// What JetStream answers with is longer than what is stored: it is base64 in JSON.
TEST_CASE("read: a head as large as the server takes") {
    Bench b(owned_trips());
    const Bound bound = b.open_owned();
    std::string payload(bound.max_payload, 'x');
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 7);
    REQUIRE_FALSE(b.store_state(1, payload, 0).error);
    const auto got = b.read({.from = kState, .which = Read::Which::last});
    REQUIRE(got.message);
    CHECK(got.message->payload == payload);
    CHECK(b.store_state(2, payload + std::string(100, 'y'), 1).error->code == ErrorCode::too_large);
}

TEST_CASE("purge: takes heads and parts of the partition below the sequence, and leaves the rest") {
    Bench b(owned_trips());
    b.open_owned();
    REQUIRE_FALSE(b.store_state(1, "old head", 0).error);
    REQUIRE_FALSE(b.store_state(2, "old part", {}, {}, "millrace.state.trips.0.w.1.0").error);
    REQUIRE_FALSE(b.store_state(3, "of another", 0, {}, "millrace.state.trips.1").error);
    REQUIRE_FALSE(b.store_state(4, "its part", {}, {}, "millrace.state.trips.1.w.1.0").error);
    REQUIRE_FALSE(b.store_state(5, "part", {}, {}, "millrace.state.trips.0.w.2.0").error);
    REQUIRE_FALSE(b.store_state(6, "head", 1).error);
    b.door->purge({0, 5});
    b.door->flush();
    CHECK(b.count_after<Note>(milliseconds(300)) == 0);
    CHECK(payloads(b.world->read_stream("STATE")) ==
          std::vector<std::string>{"of another", "its part", "part", "head"});
    CHECK(text(b.read({.from = kState, .which = Read::Which::last})) == "head");
    CHECK_FALSE(b.store_state(7, "next head", 6).error);
}

TEST_CASE("look: a state stream that would lose state is refused") {
    Bench b(owned_trips());
    StreamSpec state = state_stream();
    SUBCASE("by age") { state.max_age = std::chrono::hours(1); }
    SUBCASE("by count") { state.max_msgs_per_subject = 1; }
    SUBCASE("by room") { state.discard = "old"; }
    SUBCASE("by reading") { state.retention = "workqueue"; }
    std::string why;
    try {
        b.open_owned(state);
    } catch (const std::runtime_error& error) {
        why = error.what();
    }
    CHECK(why.contains("STATE"));
    CHECK(b.look_error().code == ErrorCode::misconfigured);
    CHECK(b.position_error({0, 1, 1, 1}).error.code == ErrorCode::misconfigured);
    CHECK(b.world->consumer_names("EVENTS").empty());
}

TEST_CASE("look: without a state stream, or with an input that drops what is read, there is no owner") {
    Bench b(owned_trips());
    b.world->create_stream({.name = "OUT", .subjects = {"dead.>", "dead-unroutable.>", "aggregates.>"}});
    SUBCASE("no state stream") {
        b.make_input();
        b.connect();
        const auto error = b.look_error();
        CHECK(error.code == ErrorCode::not_found);
        CHECK(error.text.contains("millrace.state.trips.>"));
    }
    SUBCASE("an input that drops what is read") {
        b.world->create_stream({.name = "EVENTS", .subjects = {"events.>"}, .retention = "workqueue"});
        b.world->create_stream(state_stream());
        b.connect();
        CHECK(b.look_error().code == ErrorCode::misconfigured);
        CHECK(b.position_error({0, 1, 1, 1}).error.code == ErrorCode::misconfigured);
    }
}
