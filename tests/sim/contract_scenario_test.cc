// Stories about an endpoint that says what it takes, and another deployment that takes something else.
#include "tests/sim/scenario.h"

namespace millrace::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

void with_contract(Plan& plan) {
    plan.pipeline.event.features = {{"who", {}}, {"n", "7"}};
    plan.model.contract = Contract::numbers;
}

std::size_t dead_of_it(const Scenario& s) {
    return s.dead("rejected") + s.dead("signature_misfit") + s.dead("contract_broken");
}

TEST_CASE("scenario: a deployment with another contract holds everything, blames nobody, and goes back") {
    Scenario s(with_contract);
    s.publish({Kind::good, Kind::good});
    s.settles(seconds(10));
    s.world().model.deploy(Contract::texts);
    for (int n = 0; n < 20; ++n) {
        s.publish({Kind::good, Kind::good});
        s.run(seconds(5));
    }
    s.run(minutes(30));
    CHECK(s.open() > 0);
    CHECK(s.replica(0).snapshot().hold.contains("signature has changed"));
    CHECK(dead_of_it(s) == 0);
    s.world().model.deploy(Contract::numbers);
    s.settles(minutes(5));
    CHECK(dead_of_it(s) == 0);
    CHECK(able_to_work(s.replica(0).snapshot()));
}

TEST_CASE("scenario: a restart takes the other contract as it is") {
    Scenario s(with_contract);
    s.publish({Kind::good});
    s.settles(seconds(10));
    s.world().model.deploy(Contract::texts);
    for (int n = 0; n < 10; ++n) {
        s.publish({Kind::good, Kind::good});
        s.run(seconds(2));
    }
    s.run(minutes(2));
    CHECK(s.open() > 0);
    s.crash(0);
    s.settles(minutes(5));
    CHECK(dead_of_it(s) == 0);
}

TEST_CASE("scenario: a contract that comes and goes under a load, with an endpoint and a link that fail") {
    Scenario s([](Plan& plan) {
        with_contract(plan);
        plan.model_faults = {.throttle = 0.1, .error = 0.1, .hang = 0.05, .refuse = 0.1, .slow = 0.2};
        plan.link = {.lose_ack = 0.1, .lose_publish = 0.05, .lose_puback = 0.1};
    });
    for (int round = 0; round < 12; ++round) {
        s.world().model.deploy(round % 2 == 0 ? Contract::numbers : Contract::texts);
        for (int n = 0; n < 20; ++n) {
            s.publish({Kind::good, Kind::good, Kind::good});
            s.run(seconds(2));
        }
    }
    s.world().model.deploy(Contract::numbers);
    s.world().model.set_faults({});
    s.link(0) = {};
    s.settles(minutes(30));
    CHECK(dead_of_it(s) == 0);
}

}  // namespace
}  // namespace millrace::sim
