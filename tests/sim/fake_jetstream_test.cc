#include "tests/sim/fake_jetstream.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "subjects/identity.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

settings::Pipeline pipeline() {
    settings::Pipeline p;
    p.name = "trips";
    p.input.stream = "EVENTS";
    p.input.subject = "events.{tenant}.trips";
    p.endpoint.url = "http://model/score";
    p.results.subject = "results.{tenant}.trips";
    p.dead_letter.subject = "dead.{tenant}.trips";
    p.dead_letter.unroutable_subject = "dead-unroutable.trips";
    return p;
}

struct Fixture {
    settings::Pipeline config = pipeline();
    Scheduler scheduler;
    Trace trace{scheduler, false};
    SimServer server{scheduler};
    SimJetStream::Arrivals arrivals;
    Gate gate;
    LinkFaults faults;
    std::vector<ports::JetStreamArrival> got;

    Fixture() {
        server.add_stream({.name = "EVENTS", .subjects = {"events.>"}});
        server.add_stream({.name = "OUT", .subjects = {"results.>", "dead.>", "dead-unroutable.>"}});
    }
    SimJetStream connect(std::uint64_t seed = 1) {
        return SimJetStream({config, scheduler, server, arrivals, gate, faults, trace, seed, "r0"});
    }
    void advance(Duration time) {
        scheduler.run_until(scheduler.now() + time);
        std::vector<ports::JetStreamArrival> taken;
        arrivals.take(taken);
        for (auto& item : taken) got.push_back(std::move(item));
    }
    template <typename T>
    std::vector<const T*> all() {
        std::vector<const T*> found;
        for (const auto& item : got) {
            if (const auto* one = std::get_if<T>(&item)) found.push_back(one);
        }
        return found;
    }
};

ports::Publication result(std::uint64_t id, const std::string& message_id) {
    return {StoreId{id}, Output::result, "results.acme.trips", {{"Nats-Msg-Id", message_id}}, "{}"};
}

PullRequest ten() { return {.batch = 10, .expires = seconds(30), .heartbeat = seconds(5)}; }

TEST_CASE("fake jetstream: binds, pulls, publishes and acks over a healthy link") {
    Fixture f;
    auto link = f.connect();
    link.bind(0);
    link.flush();
    f.advance(seconds(1));
    REQUIRE(f.all<Bound>().size() == 1);
    CHECK(f.all<Bound>()[0]->duplicate_window == minutes(2));
    f.server.publish("events.acme.trips", {}, "{\"a\":1}");
    link.pull(ten());
    link.flush();
    f.advance(seconds(1));
    REQUIRE(f.all<ports::Message>().size() == 1);
    const auto& message = *f.all<ports::Message>()[0];
    CHECK(message.payload.bytes() == "{\"a\":1}");
    CHECK(message.reply.starts_with("$JS.ACK.EVENTS.trips-p0.1.1.1."));
    link.publish(result(7, "id"));
    link.publish(result(8, "id"));
    link.ack(message.reply);
    CHECK(f.server.stream("OUT")->last_sequence() == 0);  // not before flush
    link.flush();
    f.advance(seconds(1));
    REQUIRE(f.all<Stored>().size() == 2);
    CHECK(f.all<Stored>()[0]->sequence == 1);
    CHECK(f.all<Stored>()[1]->duplicate);
    CHECK(f.server.consumer("EVENTS", "trips-p0")->ack_pending() == 0);
}

TEST_CASE("fake jetstream: bind fails by name when a stream is missing") {
    Fixture f;
    f.config.input.stream = "NONE";
    auto link = f.connect();
    link.bind(0);
    link.flush();
    f.advance(seconds(1));
    REQUIRE(f.all<BindFailed>().size() == 1);
    CHECK(f.all<BindFailed>()[0]->error.code == ErrorCode::not_found);
}

TEST_CASE("fake jetstream: a lost PubAck leaves the message stored, a lost publish does not") {
    Fixture f;
    f.faults.lose_puback = 1;
    auto link = f.connect();
    link.publish(result(1, "a"));
    link.flush();
    f.advance(seconds(1));
    CHECK(f.all<Stored>().empty());
    CHECK(f.server.stream("OUT")->last_sequence() == 1);
    f.faults.lose_publish = 1;
    link.publish(result(2, "b"));
    link.flush();
    f.advance(seconds(1));
    CHECK(f.server.stream("OUT")->last_sequence() == 1);
}

TEST_CASE("fake jetstream: what is on its way when the link is cut does not arrive, and may still land") {
    int landed = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Fixture f;
        auto link = f.connect(seed);
        link.publish(result(1, "a"));
        link.flush();
        link.disconnect(seconds(1));
        f.advance(seconds(10));
        CHECK(f.all<Stored>().empty());
        CHECK(f.all<Disconnected>().size() == 1);
        CHECK(f.all<Reconnected>().size() == 1);
        landed += static_cast<int>(f.server.stream("OUT")->last_sequence());
    }
    CHECK(landed > 2);
    CHECK(landed < 18);
}

TEST_CASE("fake jetstream: a frozen process takes in what waited when it thaws, and a dead one nothing") {
    Fixture f;
    auto link = f.connect();
    link.bind(0);
    link.flush();
    link.freeze(f.scheduler.now() + minutes(1));
    f.advance(seconds(59));
    CHECK(f.got.empty());
    f.advance(seconds(2));
    CHECK(f.got.size() == 1);
    link.bind(0);
    link.flush();
    f.gate.kill();
    link.die();
    f.advance(minutes(1));
    CHECK(f.got.size() == 1);
}

TEST_CASE("fake jetstream: find gives the identities of the inputs asked for, from the time asked for") {
    Fixture f;
    auto link = f.connect();
    const auto store = [&](std::uint64_t sequence) {
        const auto id = subjects::event_identity({"trips", 1, "EVENTS", kServerEpoch, sequence, 0});
        f.server.publish("results.acme.trips",
                         {{"Nats-Msg-Id", subjects::to_hex(id)},
                          {"Millrace-Pipeline", "trips"},
                          {"Millrace-Input-Sequence", std::to_string(sequence)}},
                         "{}");
        return id;
    };
    store(3);
    f.advance(seconds(10));
    const auto from = f.scheduler.server_now();
    store(2);
    const auto wanted = store(4);
    store(5);
    link.find({.number = 9, .from_sequence = {}, .from_time = from, .input_above = 2, .input_to = 4});
    link.flush();
    f.advance(seconds(1));
    REQUIRE(f.all<Found>().size() == 1);
    CHECK(f.all<Found>()[0]->number == 9);
    CHECK(f.all<Found>()[0]->identities == std::vector<Identity>{wanted});
    CHECK(f.all<Found>()[0]->places.size() == 1);
}

TEST_CASE("fake jetstream: the same seed gives the same run") {
    const auto run = [](std::uint64_t seed) {
        Fixture f;
        f.faults = {.lose_delivery = 0.2, .double_delivery = 0.2, .lose_status = 0.1, .reorder = 0.3, .slow = 0.2};
        auto link = f.connect(seed);
        link.bind(0);
        link.flush();
        f.advance(seconds(1));
        for (int n = 0; n < 10; ++n) f.server.publish("events.acme.trips", {}, std::to_string(n));
        link.pull(ten());
        link.flush();
        f.advance(minutes(5));
        std::string order;
        for (const auto* message : f.all<ports::Message>()) order += message->payload.bytes();
        return order;
    };
    CHECK(run(5) == run(5));
    CHECK(run(5) != run(6));
}

}  // namespace
// An owner's link: partition 0 has been looked at.
struct Owned : Fixture {
    Owned() {
        Aggregate aggregate;
        aggregate.subject = "aggregates.{tenant}.counts";
        config.aggregates = {aggregate};
        server.add_stream({.name = "AGGREGATES", .subjects = {"aggregates.>"}});
        server.add_stream({.name = "STATE", .subjects = {"millrace.state.>"}, .discard = "new"});
    }
    static ports::Publication head(std::uint64_t id, std::uint64_t expected) {
        return {StoreId{id}, Output::state, "millrace.state.trips.0", {}, "head", expected};
    }
    [[nodiscard]] std::uint64_t stored() { return server.stream("STATE")->last_sequence(); }
};

TEST_CASE("fake jetstream: a compare-and-set whose answer is lost is stored, and sent again a conflict") {
    Owned f;
    auto link = f.connect();
    f.faults.lose_puback = 1;
    link.publish(Owned::head(1, 0));
    link.flush();
    f.advance(seconds(1));
    CHECK(f.all<Stored>().empty());
    CHECK(f.stored() == 1);
    f.faults.lose_puback = 0;
    link.publish(Owned::head(2, 0));
    link.publish(Owned::head(3, 1));
    link.flush();
    f.advance(seconds(1));
    REQUIRE(f.all<Stored>().size() == 2);
    CHECK(f.all<Stored>()[0]->error->code == ErrorCode::conflict);
    CHECK_FALSE(f.all<Stored>()[1]->error);
    CHECK(f.stored() == 2);
}

TEST_CASE("fake jetstream: whether a duplicate or a conflict comes first is the server's choice") {
    SimStream dedupes({.name = "S", .subjects = {"s"}}, {});
    SimStream expects({.name = "S", .subjects = {"s"}, .expects_first = true}, {});
    const std::vector<Header> headers = {{"Nats-Msg-Id", "1"}, {"Nats-Expected-Last-Subject-Sequence", "0"}};
    for (auto* stream : {&dedupes, &expects}) CHECK_FALSE(stream->store("s", headers, "x", {}).error);
    CHECK(dedupes.store("s", headers, "x", {}).duplicate);
    CHECK(expects.store("s", headers, "x", {}).error->code == ErrorCode::conflict);
    for (const auto* stream : {&dedupes, &expects}) CHECK(stream->last_sequence() == 1);
}

TEST_CASE("fake jetstream: answers to an owner come twice, late, or not at all; a stale leader lacks the newest") {
    Owned f;
    auto link = f.connect();
    link.publish(Owned::head(1, 0));
    link.publish(Owned::head(2, 1));
    link.flush();
    f.advance(seconds(1));
    const auto ask = [&](std::uint64_t number) {
        f.got.clear();
        link.read({.number = number});
        link.flush();
        f.advance(seconds(20));
        return f.all<GotMessage>();
    };
    CHECK(ask(1).at(0)->message->sequence == 2);
    f.faults.stale_read = 1;
    CHECK(ask(2).at(0)->message->sequence == 1);
    f.faults.stale_read = 0;
    f.faults.double_answer = 1;
    CHECK(ask(3).size() == 2);
    f.got.clear();
    link.publish(Owned::head(3, 2));
    link.flush();
    f.advance(seconds(1));
    CHECK(f.all<Stored>().size() == 2);
    f.faults.double_answer = 0;
    f.faults.lose_read = 1;
    CHECK(ask(4).empty());
    f.faults.lose_read = 0;
    f.server.lose_leader();
    CHECK(ask(5).at(0)->error->code == ErrorCode::unavailable);
}

}  // namespace millrace::sim
