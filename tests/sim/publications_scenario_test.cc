// Stories about publications whose fate is unknown.
#include "tests/sim/scenario.h"

namespace millrace::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("scenario: a PubAck is lost, the process dies, the redelivery comes beyond the duplicate window") {
    Scenario s;
    s.link(0).lose_puback = 1;
    s.publish({Kind::good});
    s.run(seconds(1));
    CHECK(s.open() == 0);  // stored, and nobody knows
    s.crash(0, minutes(5));
    s.link(0) = {};
    s.settles(minutes(10));
    CHECK(s.stored_again() == 0);
    CHECK(s.seen(Mark::recovery_search) == 1);
    CHECK(s.seen(Mark::recovered_without_asking) == 1);
}

TEST_CASE("scenario: PubAcks are lost for longer than the duplicate window, and the stream is searched") {
    Scenario s;
    s.link(0).lose_puback = 1;
    s.publish({Kind::good, Kind::good});
    s.run(minutes(5));
    s.link(0) = {};
    s.settles(minutes(5));
    CHECK(s.stored_again() == 0);
    CHECK(s.seen(Mark::publication_found_by_search) == 1);
}

TEST_CASE("scenario: an error that arrives after a retry was stored changes nothing") {
    Scenario s;
    s.server().set_fate([] { return Fate::full; });
    s.link(0).slow = 1;
    s.link(0).slowest = seconds(9);
    s.link(0).reorder = 1;
    s.publish({Kind::good});
    s.run(std::chrono::milliseconds(500));
    s.server().set_fate({});
    s.settles(minutes(5));
    CHECK(s.stored_again() == 0);
    CHECK(s.dead("result_too_large") == 0);
}

TEST_CASE("scenario: a leader stores and does not answer, then is gone for a while") {
    Scenario s;
    s.server().set_fate([] { return Fate::unanswered; });
    s.publish({Kind::good, Kind::good});
    s.run(seconds(1));
    s.server().set_fate([] { return Fate::no_leader; });
    s.server().lose_leader();
    s.run(seconds(30));
    s.server().set_fate({});
    s.server().gain_leader();
    s.settles(minutes(2));
    CHECK(s.stored_again() == 0);
    CHECK(s.seen(Mark::leader_change_seen) > 0);
}

TEST_CASE("scenario: the output stream is full for longer than the duplicate window") {
    Scenario s;
    s.server().set_fate([] { return Fate::full; });
    s.publish({Kind::good});
    s.run(minutes(5));
    CHECK(s.open() == 1);
    s.server().set_fate({});
    s.settles(minutes(2));
}

TEST_CASE("scenario: publishing is forbidden for a while: held, then resumed by itself") {
    Scenario s;
    s.server().set_fate([] { return Fate::denied; });
    s.publish({Kind::good});
    s.run(minutes(2));
    CHECK_FALSE(able_to_work(s.replica(0).snapshot()));
    s.server().set_fate({});
    s.settles(minutes(2));
    CHECK(able_to_work(s.replica(0).snapshot()));
    CHECK(s.seen(Mark::outputs_held_and_resumed) == 1);
}

TEST_CASE("scenario: a result larger than the stream takes becomes a dead letter") {
    Scenario s([](Plan& plan) { plan.max_message = 3000; });
    s.publish({Kind::bulky, Kind::good});
    s.settles(minutes(1));
    CHECK(s.dead("result_too_large") == 1);
}

}  // namespace
}  // namespace millrace::sim
