// Stories about a candidate that scored batches are copied to: whatever it does, nothing else is any different.
#include "tests/sim/scenario.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void with_shadow(Plan& plan) {
    plan.model.nonce = true;  // no two scores are the same
    auto& shadow = plan.pipeline.endpoint.shadow;
    shadow.address.url = std::string(kShadowUrl);
    shadow.percent = 100;
    shadow.subject = "shadow.{tenant}.trips";
}

// How long it takes until as many messages are acked.
Duration time_to_settle(const Scenario::Change& change) {
    Scenario s(change);
    const Time before = s.world().scheduler.now();
    for (int n = 0; n < 200; ++n) s.publish({Kind::good, Kind::good, Kind::good});
    while (!s.world().all_done() && s.world().scheduler.now() - before < minutes(5)) s.run(milliseconds(5));
    return s.world().scheduler.now() - before;
}

TEST_CASE("scenario: a candidate that scores otherwise is told of, per tenant, and settles nothing") {
    Scenario s(with_shadow);
    (void)s.world().candidate.model.serve({}, {EventToken{"acme", 0, Kind::good}}, 1);  // its nonces are one ahead
    for (int n = 0; n < 20; ++n) {
        s.publish({Kind::good, Kind::good});
        s.run(milliseconds(200));
    }
    s.settles(seconds(10));
    s.run(seconds(5));
    CHECK(s.world().oracle.differences() > 20);
    CHECK(s.world().oracle.differences() <= 40);
}

TEST_CASE("scenario: whatever the candidate does, acks are as early as without it") {
    const Duration without = time_to_settle([](Plan& plan) { plan.model.nonce = true; });
    REQUIRE(without < seconds(10));
    for (std::size_t c = 0; c < kConditions; ++c) {
        const auto condition = static_cast<Condition>(c);
        CAPTURE(name(condition));
        const Duration with = time_to_settle([&](Plan& plan) {
            with_shadow(plan);
            plan.shadow_condition = condition;
        });
        CHECK(with <= without + milliseconds(200));
    }
    for (double ModelFaults::* const fault :
         {&ModelFaults::slow, &ModelFaults::hang, &ModelFaults::garbage, &ModelFaults::short_answer}) {
        const Duration with = time_to_settle([&](Plan& plan) {
            with_shadow(plan);
            plan.shadow_faults.*fault = 1;
        });
        CHECK(with <= without + milliseconds(200));
    }
}

TEST_CASE("scenario: a candidate that refuses every event convicts none and holds nothing") {
    Scenario s([](Plan& plan) {
        with_shadow(plan);
        plan.shadow_condition = Condition::bad_deployment;
    });
    for (int n = 0; n < 50; ++n) s.publish({Kind::good});
    s.settles(seconds(20));
    CHECK(s.dead("rejected") == 0);
    CHECK(able_to_work(s.replica(0).snapshot()));
}

TEST_CASE("scenario: a process that leaves does not wait for a candidate that hangs") {
    Scenario s([](Plan& plan) {
        with_shadow(plan);
        plan.shadow_condition = Condition::hanging;
    });
    s.publish({Kind::good});
    s.settles(seconds(5));
    const Time before = s.world().scheduler.now();
    CHECK(s.world().drain_all(seconds(10)));
    CHECK(s.world().scheduler.now() - before <= seconds(1));
}

TEST_CASE("scenario: where no stream takes the differences, results are stored and acked all the same") {
    Scenario s([](Plan& plan) {
        with_shadow(plan);
        plan.shadow_stream = false;
    });
    for (int n = 0; n < 20; ++n) {
        s.publish({Kind::good});
        s.run(milliseconds(100));
    }
    s.settles(seconds(5));
    CHECK(able_to_work(s.replica(0).snapshot()));
}

}  // namespace
}  // namespace millrace::sim
