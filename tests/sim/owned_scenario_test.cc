// Stories about owned partitions: who owns them, and what becomes of what was under way.
#include "tests/sim/owned_scenario.h"

namespace millrace::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void two_replicas(Plan& plan) { plan.replicas = 2; }

TEST_CASE("scenario: an owner that dies for good is replaced after its lease") {
    OwnedScenario s(two_replicas);
    s.publish();
    s.run(seconds(2));
    const auto epoch = s.head().epoch;
    s.crash(s.owner_place(), std::nullopt);
    const auto died = s.now();
    s.run_until([&] { return s.head().epoch == epoch + 1; }, minutes(1));
    CHECK(s.now() - died <= s.world().plan.pipeline.state.lease + seconds(3));
    s.publish();
    s.settles(minutes(1));
}

void summarized(Plan& plan) {
    plan.replicas = 2;
    plan.pipeline.aggregates[0].kv_bucket = "sums";
}

TEST_CASE("scenario: a summary has what was published last of each group") {
    OwnedScenario s(summarized);
    for (const auto* group : {"k1", "k2", "k1"}) {
        s.publish(group);
        s.run(seconds(6));
    }
    s.settles(minutes(1));
    CHECK(s.world().oracle.seen().at("summaries") == 3);
}

TEST_CASE("scenario: what is computed once more puts nothing older over something newer") {
    OwnedScenario s(summarized);
    for (int n = 0; n < 3; ++n) {
        s.publish();
        s.run(seconds(6));
    }
    s.settles(minutes(1));
    const auto put = s.world().oracle.seen().at("summaries");
    for (const std::size_t place : {0, 1}) s.crash(place, seconds(5));
    // Somebody has thrown away all that was known.
    auto config = s.server().stream("STATE")->config();
    s.server().delete_stream("STATE");
    s.server().add_stream(std::move(config));
    s.server().delete_consumer("EVENTS", s.server().consumers().front()->config().name);
    s.world().oracle.forget_heads();
    s.run(minutes(1));
    CHECK(s.head().epoch == 1);
    CHECK(s.world().oracle.caught_up());
    CHECK(s.world().oracle.seen().at("summaries") == put);
}

TEST_CASE("scenario: an owner that drains hands over at once") {
    OwnedScenario s(two_replicas);
    s.publish();
    s.run(seconds(2));
    const auto epoch = s.head().epoch;
    s.owner().drain(seconds(20));
    const auto left = s.now();
    s.run_until([&] { return s.head().epoch == epoch + 1; }, seconds(10));
    CHECK(s.now() - left <= milliseconds(1500));
    s.settles(minutes(1));
}

TEST_CASE("scenario: a paused owner wakes up behind another one, and cannot commit") {
    OwnedScenario s(two_replicas);
    s.publish();
    s.run(seconds(2));
    const auto place = s.owner_place();
    const auto epoch = s.head().epoch;
    s.publish("k2");
    s.replica(place).freeze(seconds(20));
    s.run(seconds(12));
    CHECK(s.head().epoch == epoch + 1);
    s.publish("k3");
    s.run(seconds(12));
    CHECK(s.head().epoch == epoch + 1);
    CHECK(s.replica(place).snapshot().owned == 0);
    s.settles(minutes(1));
}

TEST_CASE("scenario: the answer to a commit is lost, and it is found to be stored") {
    OwnedScenario s;
    s.publish();
    s.link(0).lose_puback = 1;
    s.run(milliseconds(1500));
    s.link(0) = {};
    const auto epoch = s.head().epoch;
    s.settles(minutes(1));
    CHECK(s.head().epoch == epoch);
}

TEST_CASE("scenario: one of three aggregates went out, and nobody is there for longer than the duplicate window") {
    OwnedScenario s;
    for (const auto* group : {"k1", "k2", "k3"}) s.publish(group, seconds(4));
    s.run(seconds(1));
    const auto before = s.head().floor;
    s.world().publisher.publish("acme", "k1", 1);
    s.publish("k1", -seconds(6));
    s.run_until([&] { return s.head().floor > before; }, seconds(5));
    // The commit is stored; what it publishes arrives once, and then nothing does.
    int landed = 0;
    s.server().set_fate([&landed] { return landed++ == 0 ? Fate::unanswered : Fate::lost; });
    s.run(milliseconds(100));
    s.crash(0, minutes(5));
    s.server().set_fate({});
    s.run(seconds(1));
    s.settles(minutes(10));
}

TEST_CASE("scenario: an hour's backlog is not late because time has passed") {
    OwnedScenario s;
    s.publish();
    s.run(seconds(20));
    s.crash(0, hours(1));
    for (int n = 0; n < 60; ++n) {
        s.run(minutes(1) - seconds(1));
        s.publish(n % 2 == 0 ? "k1" : "k2", seconds(n % 7));
    }
    s.settles(minutes(5));
}

TEST_CASE("scenario: the next generation begins anew, and the one before halts") {
    OwnedScenario s(two_replicas);
    s.publish();
    s.publish("k2", seconds(3));
    s.settles(minutes(1));
    s.publish();
    s.run(seconds(1));
    s.world().raise_generation();
    const auto old = s.owner_place();
    s.replica(1 - old).drain(seconds(20));
    s.replica(old).freeze(seconds(12));
    s.run_until([&] { return s.head().generation == 2; }, minutes(1));
    s.publish("k1", seconds(30));
    s.run(seconds(12));
    CHECK(s.replica(old).snapshot().halt == "fingerprint_mismatch");
    s.settles(minutes(1));
}

TEST_CASE("scenario: from a time on, the first window is whole") {
    OwnedScenario s([](Plan& plan) {
        plan.starts_after = seconds(40);
        plan.pipeline.input.start = kServerEpoch + seconds(22);
        plan.pipeline.event.early_limit = seconds(5);
    });
    s.settles(minutes(1));
    CHECK(s.world().oracle.seen().at("aggregates") == 4);  // those that end at 25, 30, 35 and 40 s
}

TEST_CASE("scenario: the input lost what was never read") {
    OwnedScenario s;
    s.publish();
    s.settles(minutes(1));
    s.crash(0, seconds(5));
    for (int n = 0; n < 5; ++n) s.publish();
    s.server().stream("EVENTS")->purge("events.>", 4);
    s.halts("input_trimmed");
}

TEST_CASE("scenario: the input lost only what was read") {
    OwnedScenario s;
    for (int n = 0; n < 5; ++n) s.publish();
    s.settles(minutes(1));
    s.crash(0, seconds(5));
    s.server().stream("EVENTS")->purge("events.>", 4);
    s.publish();
    s.settles(minutes(1));
}

TEST_CASE("scenario: the input was made anew under its state") {
    OwnedScenario s;
    for (int n = 0; n < 5; ++n) s.publish();
    s.settles(minutes(1));
    s.crash(0, seconds(5));
    s.run(seconds(1));
    s.server().delete_stream("EVENTS");
    s.server().add_stream({.name = "EVENTS", .subjects = {"events.>"}});
    s.halts("input_regressed");
}

TEST_CASE("scenario: the state was restored from an older copy") {
    OwnedScenario s;
    s.publish();
    s.settles(minutes(1));
    const auto old = s.server().stream("STATE")->messages();
    s.publish();
    s.settles(minutes(1));
    s.crash(0, seconds(5));
    auto config = s.server().stream("STATE")->config();
    s.server().delete_stream("STATE");
    s.server().add_stream(std::move(config));
    s.world().oracle.forget_heads();
    for (const auto& message : old) s.server().publish(message.subject, {}, message.payload);
    s.halts("state_regressed");
}

TEST_CASE("scenario: open windows take more than they may") {
    OwnedScenario s([](Plan& plan) { plan.pipeline.state.max_bytes = 2000; });
    s.publish();
    s.settles(minutes(1));
    for (int n = 0; n < 20; ++n) s.publish("k" + std::to_string(n));
    s.halts("state_full");
}

TEST_CASE("scenario: acks are lost for longer than the consumer waits for them") {
    OwnedScenario s;
    s.link(0).lose_ack = 1;
    for (int n = 0; n < 5; ++n) s.publish();
    s.settles(minutes(1));
    s.run(hours(2));
    s.link(0) = {};
    s.publish();
    s.settles(minutes(1));
}

void scored(Plan& plan) {
    plan.replicas = 2;
    auto& p = plan.pipeline;
    p.event.features = {{"who", {}}};
    p.results.subject = "results.{tenant}.trips";
    p.endpoint.url = "http://model/score";
    p.endpoint.body = "bare";
    p.endpoint.timeout = minutes(1);
    p.endpoint.control = R"(["@control|0|good"])";
    p.aggregates[0].select[1].operand = {Operand::From::score, "nonce"};
    plan.model.nonce = true;
}

TEST_CASE("scenario: what comes after an owner that leaves has given something up is the next owner's") {
    OwnedScenario s(scored);
    s.publish();
    s.run(seconds(2));
    s.world().model.set_condition(Condition::hanging);
    s.publish();
    s.run(seconds(1));
    const auto place = s.owner_place();
    s.owner().drain(milliseconds(10500));
    // Its last answers are late.
    s.run(milliseconds(7500));
    s.link(place).lose_puback = 1;
    s.run(milliseconds(1200));
    // Needs no answer, and so would be applied at once.
    s.world().publisher.publish_text("acme", "no json");
    s.run(milliseconds(300));
    s.link(place) = {};
    s.run(seconds(2));
    s.world().model.set_condition(Condition::healthy);
    s.settles(minutes(2));
}

TEST_CASE("scenario: what an owner finds stored is a witness, too") {
    OwnedScenario s([](Plan& plan) {
        scored(plan);
        plan.replicas = 1;
        plan.pipeline.endpoint.control.clear();
        plan.pipeline.endpoint.max_batch_count = 1;
    });
    s.world().model.set_delay(seconds(1));
    s.world().publisher.publish("acme", "k1", 7, {}, 0, Kind::poison);
    s.publish();
    // The good one is scored and stored; the other one is not convicted yet.
    s.run_until([&] { return s.world().oracle.seen().contains("results"); }, seconds(5));
    s.crash(0);
    s.settles(minutes(30));
}

// Twenty events are there at once; what kills is among the first ones that are asked about.
void ten_and_a_killer_among(OwnedScenario& s, std::size_t killers) {
    s.world().model.set_condition(Condition::hanging);
    for (int n = 0; n < 20; ++n) {
        const bool kills = n % 3 == 1 && killers > 0;
        if (kills) --killers;
        kills ? void(s.world().publisher.publish("acme", "k1", 7, {}, 0, Kind::kills))
              : s.publish("k" + std::to_string(n % 2));
    }
    s.world().model.set_condition(Condition::healthy);
}

std::size_t dead_letters(OwnedScenario& s) {
    const auto& seen = s.world().oracle.seen();
    return seen.contains("dead") ? seen.at("dead") : 0;
}

TEST_CASE("scenario: an event that kills each owner is set aside, and all others get through") {
    for (const std::size_t killers : {1, 3}) {
        CAPTURE(killers);
        OwnedScenario s([](Plan& plan) {
            scored(plan);
            plan.replicas = 1;
            plan.pipeline.endpoint.max_batch_count = 8;
        });
        ten_and_a_killer_among(s, killers);
        s.settles(minutes(30));
        CHECK(dead_letters(s) == killers);
        // Three deaths until it is careful, three for each of them, and the last owner.
        CHECK(s.head().epoch <= 4 + 3 * killers);
        s.publish();
        s.settles(minutes(1));
        CHECK(s.head().tried.empty());
        CHECK(s.head().deaths == 0);
    }
}

TEST_CASE("scenario: owners that die of something else convict nobody") {
    OwnedScenario s([](Plan& plan) {
        scored(plan);
        plan.replicas = 1;
    });
    s.world().model.set_delay(seconds(3));
    for (int n = 0; n < 4; ++n) s.publish();
    for (int n = 0; n < 12; ++n) {
        s.run_until([&] { return s.replica(0).alive() && s.replica(0).snapshot().owned == 1; }, minutes(1));
        s.run(milliseconds(n % 2 == 0 ? 500 : 3500));  // while one is tried, and when it has been
        s.crash(0);
        s.run(seconds(2));
    }
    s.settles(minutes(10));
    CHECK(dead_letters(s) == 0);
}

TEST_CASE("scenario: an event whose request came back is not to blame for the deaths after it") {
    OwnedScenario s([](Plan& plan) {
        scored(plan);
        plan.replicas = 1;
        plan.pipeline.endpoint.control.clear();
    });
    s.world().publisher.publish("acme", "k1", 7, {}, 0, Kind::poison);
    for (int n = 0; n < 10; ++n) {
        s.run_until([&] { return s.replica(0).alive() && s.replica(0).snapshot().owned == 1; }, minutes(1));
        s.run(seconds(2));  // refused, and without a witness it waits
        s.crash(0);
        s.run(seconds(2));
    }
    s.run(minutes(1));
    CHECK(dead_letters(s) == 0);
    s.publish();
    s.settles(minutes(30));
    CHECK(dead_letters(s) == 1);
}

TEST_CASE("scenario: the stream of the results is made anew, and two owners come after that") {
    OwnedScenario s([](Plan& plan) {
        scored(plan);
        plan.replicas = 1;
        plan.duplicate_window = seconds(30);
    });
    for (int n = 0; n < 3; ++n) {
        s.publish();
        s.run(seconds(1));
    }
    s.settles(minutes(1));
    s.crash(0, seconds(5));
    const auto* stream = s.server().stream("OUT2");
    REQUIRE(stream != nullptr);
    auto config = stream->config();
    s.server().delete_stream("OUT2");
    s.server().add_stream(std::move(config));
    // The first one has the result stored, and dies before it is applied.
    s.run_until([&] { return s.head().epoch == 2; }, minutes(1));
    s.run(milliseconds(200));
    s.link(0).lose_puback = 1;
    s.publish();
    s.run_until([&] { return s.world().oracle.seen().at("results") == 4; }, seconds(30));
    s.crash(0, minutes(2));
    s.link(0) = {};
    s.run(seconds(1));
    s.settles(minutes(5));
}

}  // namespace
}  // namespace millrace::sim
