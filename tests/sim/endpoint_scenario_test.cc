// Stories about what an endpoint says.
#include "tests/sim/scenario.h"

namespace millrace::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("scenario: a 404 endpoint is mended: held, nothing set aside, resumed by itself") {
    Scenario s;
    s.endpoint(Condition::not_found);
    for (int n = 0; n < 5; ++n) s.publish({Kind::good});
    s.run(minutes(30));
    CHECK(s.open() == 5);
    CHECK_FALSE(able_to_work(s.replica(0).snapshot()));
    s.endpoint(Condition::healthy);
    s.settles(minutes(6));
    CHECK(s.seen(Mark::held_and_resumed) == 1);
}

TEST_CASE("scenario: a bad deployment refuses everything, and no event is blamed for it") {
    Scenario s;
    s.publish({Kind::good, Kind::good});
    s.settles(seconds(10));
    s.endpoint(Condition::bad_deployment);
    for (int n = 0; n < 20; ++n) s.publish({Kind::good});
    s.run(minutes(30));
    CHECK(s.dead("rejected") == 0);
    s.endpoint(Condition::healthy);
    s.settles(minutes(15));
    CHECK(s.dead("rejected") == 0);
}

TEST_CASE("scenario: what one deployment refuses and another scores is nobody's fault") {
    Scenario s;
    s.publish({Kind::good, Kind::good});
    s.settles(seconds(10));
    s.world().model.split_traffic(true);
    for (int n = 0; n < 20; ++n) {
        s.publish({Kind::good});
        s.run(seconds(5));
    }
    CHECK(s.dead("rejected") == 0);
    s.world().model.split_traffic(false);
    s.settles(minutes(15));
    CHECK(s.dead("rejected") == 0);
}

TEST_CASE("scenario: of a batch with one bad event only that one is set aside") {
    Scenario s;
    s.publish({Kind::good, Kind::good, Kind::good, Kind::poison, Kind::good, Kind::good});
    s.settles(minutes(1));
    CHECK(s.dead("rejected") == 1);
    CHECK(s.seen(Mark::batch_split_to_one) > 0);
}

TEST_CASE("scenario: a bad event on the one of two replicas that has no witness waits for one") {
    Scenario s([](Plan& plan) { plan.replicas = 2; });
    s.publish({Kind::poison});
    s.run(minutes(3));
    CHECK(s.dead("rejected") == 0);
    for (int n = 0; n < 12; ++n) s.publish({Kind::good});
    s.settles(minutes(10));
    CHECK(s.dead("rejected") == 1);
}

TEST_CASE("scenario: a control row is the witness of a tenant that has none") {
    Scenario s([](Plan& plan) { plan.pipeline.endpoint.control = R"(["@control|0|good"])"; });
    s.publish({Kind::poison});
    s.settles(minutes(1));
    CHECK(s.dead("rejected") == 1);
    CHECK(s.seen(Mark::control_row_asked) > 0);
}

TEST_CASE("scenario: an event that hangs the model is found among its mates") {
    Scenario s;
    s.publish({Kind::good, Kind::slow, Kind::good, Kind::good});
    for (int n = 0; n < 60 && s.open() > 0; ++n) {
        s.publish({Kind::good});
        s.run(seconds(20));
    }
    s.settles(minutes(10));
    CHECK(s.dead("timeout") == 1);
}

TEST_CASE("scenario: the key is refused for ten minutes") {
    Scenario s;
    s.publish({Kind::good});
    s.settles(seconds(10));
    s.endpoint(Condition::unauthorized);
    s.publish({Kind::good});
    s.run(minutes(10));
    CHECK(s.open() == 1);
    s.endpoint(Condition::healthy);
    s.settles(minutes(6));
    CHECK(s.seen(Mark::key_refused_and_mended) == 1);
}

TEST_CASE("scenario: on_rejected: fail halts at the first refusal and gives everything back") {
    Scenario s([](Plan& plan) { plan.pipeline.endpoint.on_rejected = settings::OnRejected::fail; });
    s.publish({Kind::poison});
    s.run(seconds(5));
    CHECK(s.replica(0).snapshot().halt == "on_rejected");
    CHECK(s.replica(0).snapshot().open_deliveries == 0);
    CHECK(s.dead("rejected") == 0);
}

}  // namespace
}  // namespace millrace::sim
