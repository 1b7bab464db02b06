// An owner of a partition, from the first look to the last ack.
#include "bridge/engine/owner.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/bridge/engine/estate.h"

namespace millrace::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

TEST_CASE("an owner claims, applies, commits, publishes and acks, in this order") {
    Estate estate;
    Tenancy replica(estate);
    estate.publish("a", 991);
    estate.publish("b", 992);
    estate.publish("a", 999);
    estate.now += seconds(2);
    estate.publish("a", 1001);  // closes a's window at 1000, not b's
    replica.run(seconds(1));
    CHECK(replica.owner.owns());
    CHECK(replica.texts() == Texts{"a 1000: 2"});
    const state::Head head = replica.last_head();
    CHECK(head.epoch == 1);
    CHECK(head.floor == 4);
    CHECK(estate.acks.back() == "ack 4");
    CHECK(replica.positions.size() == 1);
    CHECK((replica.positions.back() == Position{0, 1, 1, 1}));
}

TEST_CASE("nothing is published before the head that says so is stored, nor acked before it is published") {
    Estate estate;
    Tenancy replica(estate);
    replica.run(seconds(1));
    estate.publish("a", 991);
    estate.now += seconds(1);
    estate.publish("a", 1001);
    replica.loses_state_answers = true;
    replica.run(seconds(2));
    CHECK(estate.outputs.empty());
    replica.loses_state_answers = false;
    replica.refuses_outputs = true;
    replica.run(seconds(6));
    CHECK(replica.last_head().floor == 2);
    CHECK(estate.acks.empty());
    replica.refuses_outputs = false;
    replica.run(seconds(10));
    CHECK(replica.texts().front() == "a 1000: 1");
    CHECK(estate.acks.front() == "ack 2");
}

TEST_CASE("with nothing left to take and much to ack, a commit does not wait for its time") {
    Estate estate;
    estate.pipeline.state.checkpoint_every = seconds(2);
    Tenancy replica(estate);
    const auto run_with = [&](int more) {
        for (int i = 0; i < more; ++i) estate.publish("a", 1003);
        replica.run(milliseconds(400));
        return replica.last_head().floor;
    };
    replica.run(seconds(3));
    CHECK(run_with(1) == 1);
    CHECK(run_with(255) == 1);  // a commit for so few would cost them too much
    CHECK(run_with(1) == 257);
    CHECK(estate.acks.back() == "ack 257");
}

TEST_CASE("a lost answer to the compare-and-set is found out by reading") {
    Estate estate;
    Tenancy replica(estate);
    replica.run(seconds(1));
    replica.loses_state_answers = true;
    estate.publish("a", 991);
    replica.run(seconds(2));
    const std::uint64_t stored = estate.last_state;
    replica.loses_state_answers = false;
    replica.run(seconds(6));
    CHECK(replica.owner.owns());
    CHECK(replica.last_head().floor == 1);
    CHECK(estate.last_state >= stored);
    CHECK(std::ranges::none_of(replica.notes, [](const auto& note) { return note.starts_with("lost"); }));
}

TEST_CASE("a rival waits for the lease, and what the dead owner knew is continued") {
    Estate estate;
    auto first = std::make_unique<Tenancy>(estate, 1);
    estate.publish("a", 991);
    first->run(seconds(2));
    Tenancy rival(estate, 2);
    for (int i = 0; i < 200; ++i, estate.now += std::chrono::milliseconds(100)) {
        first->turn();
        rival.turn();
    }
    CHECK(first->owner.owns());
    CHECK_FALSE(rival.owner.owns());
    CHECK(rival.owner.able());
    first.reset();  // kill -9
    rival.run(seconds(8));
    CHECK_FALSE(rival.owner.owns());
    rival.run(seconds(4));
    REQUIRE(rival.owner.owns());
    CHECK(rival.owner.epoch() == 2);
    estate.publish("a", 992);
    estate.publish("a", 1021);
    rival.run(seconds(2));
    // The event at 992 came 29 seconds late and counts where the tolerance ends.
    CHECK(rival.texts().front().starts_with("a 1000: 1"));
}

TEST_CASE("an owner that was paused for longer than its lease stops by itself and commits nothing") {
    Estate estate;
    Tenancy paused(estate, 1);
    estate.publish("a", 991);
    paused.run(seconds(2));
    Tenancy rival(estate, 2);
    rival.run(seconds(15));
    REQUIRE(rival.owner.owns());
    estate.publish("a", 1011);
    rival.run(seconds(2));
    const Texts before = paused.texts();
    const std::uint64_t heads = estate.last_state;
    paused.turn();
    CHECK_FALSE(paused.owner.owns());
    CHECK(estate.last_state == heads);
    CHECK(paused.texts() == before);
    CHECK(std::ranges::any_of(paused.notes, [](const auto& note) { return note.starts_with("lost"); }));
}

TEST_CASE("an owner learns from its own commit that another one is there") {
    Estate estate;
    estate.pipeline.state.lease = minutes(10);
    Tenancy late(estate, 1);
    late.run(seconds(2));
    // The clock of the rival runs ahead by far.
    estate.now += minutes(9);
    estate.pipeline.state.lease = seconds(1);
    Tenancy rival(estate, 2);
    rival.run(seconds(3));
    REQUIRE(rival.owner.owns());
    estate.pipeline.state.lease = minutes(10);
    estate.publish("a", 991);
    late.turn();
    late.run(seconds(2));
    CHECK_FALSE(late.owner.owns());
    CHECK(late.last_head().epoch == 2);
}

TEST_CASE("a gap in the deliveries discards what lies above it and takes a new position") {
    Estate estate;
    Tenancy replica(estate);
    replica.run(seconds(1));
    for (int i = 0; i < 5; ++i) estate.publish("a", 991 + i);
    replica.loses_delivery = 3;
    replica.run(seconds(3));
    CHECK(replica.applied == 5);
    REQUIRE(replica.positions.size() == 2);
    CHECK((replica.positions.back() == Position{0, 1, 2, 3}));
    CHECK(replica.last_head().floor == 5);
}

TEST_CASE("a new position waits until everything applied is committed, or its acks would run ahead of the floor") {
    Estate estate;
    Tenancy replica(estate);
    replica.run(seconds(1));
    estate.publish("a", 991);
    estate.publish("a", 1001);
    replica.refuses_outputs = true;
    replica.run(seconds(1));
    for (int i = 0; i < 3; ++i) estate.publish("a", 1002);
    replica.loses_delivery = 4;
    replica.run(seconds(3));
    CHECK(replica.applied == 3);
    CHECK(replica.last_head().floor == 2);
    CHECK(replica.positions.size() == 1);
    replica.refuses_outputs = false;
    replica.run(seconds(10));
    REQUIRE(replica.positions.size() == 2);
    CHECK((replica.positions.back() == Position{0, 1, 2, 4}));
    CHECK(replica.applied == 5);
}

TEST_CASE("a message that is delivered again is not applied again") {
    Estate estate;
    Tenancy replica(estate);
    for (int i = 0; i < 3; ++i) estate.publish("a", 991 + i);
    replica.run(seconds(2));
    replica.redeliver(2);
    replica.run(seconds(3));
    CHECK(replica.applied == 3);
    CHECK(replica.positions.size() == 2);
    replica.run(seconds(10));
    CHECK(replica.texts() == Texts{"a 1000: 3"});
}

TEST_CASE("an idle partition's windows are closed by proof") {
    Estate estate;
    Tenancy replica(estate);
    estate.publish("a", 999);
    replica.run(seconds(4));
    CHECK(estate.outputs.empty());
    replica.run(seconds(6));
    CHECK(replica.texts() == Texts{"a 1000: 1"});
    CHECK(replica.last_head().floor == 1);
}

TEST_CASE("a tenant that falls silent while others go on has its windows closed all the same") {
    Estate estate;
    Tenancy replica(estate);
    estate.publish("quiet", 1001);
    for (int i = 0; i < 30; ++i) {
        estate.publish("busy", 1000 + i);
        replica.run(seconds(1), std::chrono::milliseconds(500));
    }
    CHECK(std::ranges::count(replica.texts(), "quiet 1010: 1") == 1);
}

TEST_CASE("a message that was stored before the proof forbids it") {
    Estate estate;
    Tenancy replica(estate);
    estate.publish("a", 999);
    replica.run(seconds(2));
    replica.holds_deliveries = true;
    estate.publish("a", 1000);
    replica.run(seconds(60));
    CHECK(estate.outputs.empty());
    replica.holds_deliveries = false;
    replica.run(seconds(10));
    CHECK(replica.texts() == Texts{"a 1000: 2"});
}

TEST_CASE("after one of three aggregates went out and the owner died, the others go out once, whatever the window") {
    Estate estate;
    auto first = std::make_unique<Tenancy>(estate, 1);
    for (const char* tenant : {"a", "b", "c"}) estate.publish(tenant, 999);
    first->dies_after_outputs = 1;
    first->run(seconds(15));
    REQUIRE(estate.outputs.size() == 1);
    first.reset();
    estate.now += minutes(60);
    estate.dedupes = false;
    Tenancy second(estate, 2);
    second.run(seconds(20));
    Texts texts = second.texts();
    std::ranges::sort(texts);
    CHECK(texts == Texts{"a 1000: 1", "b 1000: 1", "c 1000: 1"});
    REQUIRE(second.finds.size() == 1);
}

TEST_CASE("an owner that leaves hands over at once") {
    Estate estate;
    Tenancy first(estate, 1);
    Tenancy second(estate, 2);
    estate.publish("a", 991);
    for (int i = 0; i < 20; ++i, estate.now += std::chrono::milliseconds(100)) {
        first.turn();
        second.turn();
    }
    first.owner.drain(estate.now + seconds(20));
    for (int i = 0; i < 30; ++i, estate.now += std::chrono::milliseconds(100)) {
        first.turn();
        second.turn();
    }
    CHECK(first.owner.left());
    CHECK(second.owner.owns());
    CHECK(second.owner.epoch() == 2);
}

TEST_CASE("much state is stored in parts, and read back") {
    Estate estate;
    auto first = std::make_unique<Tenancy>(estate, 1);
    for (int i = 0; i < 30'000; ++i) estate.publish("tenant-with-a-longish-name-" + std::to_string(i), 1001);
    first->run(seconds(3));
    CHECK(std::ranges::any_of(estate.state, [](const auto& e) { return e.second.subject.ends_with(".1"); }));
    CHECK(first->last_head().floor == 30'000);
    first.reset();
    Tenancy second(estate, 2);
    second.run(seconds(40));
    CHECK(second.texts().size() == 30'000);
    CHECK(second.texts().front().ends_with(" 1010: 1"));
}

TEST_CASE("a base is written when the deltas weigh more, and what it replaces is removed") {
    Estate estate;
    Tenancy replica(estate);
    for (int i = 0; i < 300; ++i) {
        estate.publish("a", 1001);
        replica.run(seconds(1));
    }
    CHECK_FALSE(replica.purges.empty());
    CHECK(estate.state.size() < 150);
    CHECK(replica.last_head().floor == 300);
}

struct Stop {
    std::string halt;
    std::function<void(Estate&, Tenancy&)> change;
};

TEST_CASE("a state that does not fit what is there halts, each way under its name") {
    const std::vector<Stop> stops = {
        {"input_regressed", [](Estate& e, Tenancy&) { e.created += seconds(1); }},
        {"input_regressed", [](Estate& e, Tenancy&) { e.input.resize(1); }},
        {"input_regressed", [](Estate& e, Tenancy&) { e.input[2].stored_at += seconds(1); }},
        {"input_trimmed",
         [](Estate& e, Tenancy&) {
             e.publish("a", 1001);
             e.publish("a", 1001);
             e.first_input = 5;
         }},
        {"state_regressed",
         [](Estate& e, Tenancy& t) {
             e.publish("a", 1001);
             t.acked_elsewhere = 4;
         }},
        {"state_regressed",
         [](Estate& e, Tenancy& t) {
             e.state.clear();
             t.acked_elsewhere = 3;
         }},
        {"state_unreadable", [](Estate& e, Tenancy&) { e.state.erase(std::ranges::prev(e.state.end(), 2)); }},
    };
    for (const Stop& stop : stops) {
        CAPTURE(stop.halt);
        Estate estate;
        auto first = std::make_unique<Tenancy>(estate, 1);
        for (int i = 0; i < 3; ++i) {
            estate.publish("a", 991);
            first->run(seconds(1));
        }
        first.reset();
        Tenancy second(estate, 2);
        stop.change(estate, second);
        second.run(seconds(14));
        CHECK_FALSE(second.owner.halt());
        second.run(seconds(26));
        REQUIRE(second.owner.halt());
        CHECK(second.owner.halt()->name == stop.halt);
    }
}

TEST_CASE("what a server that was just elected does not show yet is no reason to halt") {
    Estate estate;
    auto first = std::make_unique<Tenancy>(estate, 1);
    for (int i = 0; i < 3; ++i) {
        estate.publish("a", 991);
        first->run(seconds(1));
    }
    first.reset();
    const auto whole = estate.state;
    const auto input = estate.input;
    SUBCASE("of the state") { estate.state.erase(std::ranges::prev(estate.state.end(), 2)); }
    SUBCASE("of the input") { estate.input.resize(1); }
    Tenancy second(estate, 2);
    second.run(seconds(14));
    CHECK_FALSE(second.owner.owns());
    CHECK(std::ranges::count_if(second.notes, [](const auto& note) { return note.starts_with("doubted: "); }) == 1);
    estate.state = whole;
    estate.input = input;
    second.run(seconds(16));
    CHECK(second.owner.owns());
    CHECK_FALSE(second.owner.halt());
}

TEST_CASE("an owner at work does not step over what was removed before it was read") {
    Estate estate;
    Tenancy replica(estate);
    const auto doubts = [&] {
        return std::ranges::count_if(replica.notes, [](const auto& note) { return note.starts_with("doubted: "); });
    };
    estate.publish("a", 991);
    replica.run(seconds(58));
    REQUIRE(replica.owner.takes());
    replica.holds_deliveries = true;
    for (int i = 0; i < 10; ++i) estate.publish("a", 1001);
    estate.first_input = 8;
    for (int turns = 0; doubts() == 0 && turns < 100; ++turns)
        replica.turn(), estate.now += std::chrono::milliseconds(100);
    REQUIRE(doubts() == 1);
    // Numbered as if nothing had been there between.
    replica.holds_deliveries = false;
    replica.redeliver(8);
    replica.run(seconds(30));
    REQUIRE(replica.owner.halt());
    CHECK(replica.owner.halt()->name == "input_trimmed");
    CHECK(replica.last_head().floor == 1);
}

TEST_CASE("windows that take more memory than they may halt, and what is committed stays") {
    Estate estate;
    estate.pipeline.state.max_bytes = 100'000;
    Tenancy replica(estate);
    for (int i = 0; i < 10'000 && !replica.owner.halt(); ++i) {
        estate.publish("tenant " + std::to_string(i), 1001);
        replica.turn();
    }
    REQUIRE(replica.owner.halt());
    CHECK(replica.owner.halt()->name == "state_full");
    CHECK(estate.outputs.empty());
}

TEST_CASE("another meaning halts, another generation begins anew") {
    Estate estate;
    auto first = std::make_unique<Tenancy>(estate, 1);
    estate.publish("a", 991);
    first->run(seconds(2));
    first.reset();
    Tenancy changed(estate, 2);
    const Digest other = digest("other");
    SUBCASE("meaning") {
        Owner owner(estate.pipeline, 0, other, estate.rendering, 3);
        Effects out;
        owner.pump(estate.now, true, out);
        REQUIRE(std::holds_alternative<Read>(out.at(0)));
        changed.carry_out(std::get<Read>(out.at(0)));
        const auto& [sequence, message] = *estate.state.rbegin();
        owner.got({std::get<Read>(out.at(0)).number, {}, message}, estate.now, out);
        REQUIRE(owner.halt());
        CHECK(owner.halt()->name == "fingerprint_mismatch");
    }
    SUBCASE("generation") {
        estate.pipeline.generation = 2;
        Tenancy anew(estate, 4);
        anew.run(seconds(20));
        REQUIRE(anew.owner.owns());
        CHECK(anew.last_head().generation == 2);
        CHECK(anew.applied == 1);
        CHECK(anew.owner.epoch() == 2);
    }
}

TEST_CASE("what was committed for an output that another generation does not have halts by name") {
    Estate estate;
    auto first = std::make_unique<Tenancy>(estate, 1);
    first->run(seconds(1));
    first->refuses_outputs = true;
    estate.publish("a", 991);
    estate.now += seconds(1);
    estate.publish("a", 1001);
    first->run(seconds(2));
    REQUIRE(first->owner.publications() == 1);
    first.reset();
    estate.pipeline.generation = 2;
    estate.pipeline.aggregates[0].subject = estate.pipeline.dead_letter.subject = "elsewhere";
    Tenancy anew(estate, 2);
    anew.run(seconds(20));
    REQUIRE(anew.owner.halt());
    CHECK(anew.owner.halt()->name == "output_missing");
    CHECK(anew.owner.halt()->remedy.contains("a message for out is committed"));
    CHECK(estate.outputs.empty());
    estate.pipeline.aggregates[0].subject = "out";
    Tenancy mended(estate, 3);
    mended.run(seconds(20));
    CHECK(mended.texts().front() == "a 1000: 1");
}

}  // namespace
}  // namespace millrace::engine
