// Stories about messages that change hands.
#include "tests/sim/scenario.h"

namespace millrace::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

void two_replicas(Plan& plan) { plan.replicas = 2; }

TEST_CASE("scenario: a paused replica wakes after its messages went elsewhere, and publishes none of them") {
    Scenario s(two_replicas);
    s.endpoint(Condition::hanging);
    for (int n = 0; n < 8; ++n) s.publish({Kind::good});
    s.run(seconds(2));
    s.replica(0).freeze(minutes(3));
    s.endpoint(Condition::healthy);
    s.settles(minutes(2));
    s.run(minutes(3));
    CHECK(s.stored_again() == 0);
    CHECK(s.seen(Mark::stale_delivery_dropped) > 0);
}

TEST_CASE("scenario: one of two replicas dies for good, and the other takes over within ack_wait") {
    Scenario s(two_replicas);
    s.endpoint(Condition::hanging);
    for (int n = 0; n < 8; ++n) s.publish({Kind::good});
    s.run(seconds(2));
    s.crash(0, std::nullopt);
    s.endpoint(Condition::healthy);
    s.settles(seconds(45));
}

TEST_CASE("scenario: what a drain cannot finish is given back, and another replica has it at once") {
    Scenario s(two_replicas);
    s.endpoint(Condition::hanging);
    for (int n = 0; n < 8; ++n) s.publish({Kind::good});
    s.run(seconds(1));
    s.crash(1, std::nullopt);
    s.world().start_replica(1);
    s.replica(0).drain(seconds(2));
    s.world().restart_after = [](std::size_t) { return std::nullopt; };
    s.run(seconds(4));
    CHECK_FALSE(s.replica(0).alive());
    CHECK(s.seen(Mark::drained_with_naks) == 1);
    s.endpoint(Condition::healthy);
    s.settles(seconds(60));
}

TEST_CASE("scenario: the consumer is deleted under us, and made again") {
    Scenario s;
    s.publish({Kind::good});
    s.settles(seconds(10));
    s.server().delete_consumer("EVENTS", "trips-p0");
    s.publish({Kind::good, Kind::good});
    s.settles(minutes(1));
    CHECK(s.seen(Mark::consumer_deletion_seen) > 0);
}

TEST_CASE("scenario: the input stream is made anew while messages are in hand") {
    Scenario s;
    s.endpoint(Condition::hanging);
    s.publish({Kind::good});
    s.run(seconds(2));
    s.server().delete_stream("EVENTS");
    s.world().oracle.input_gone();
    s.run(seconds(20));
    s.world().add_input();
    s.publish({Kind::good, Kind::good});
    s.endpoint(Condition::healthy);
    s.settles(minutes(2));
    CHECK(s.seen(Mark::input_made_anew) == 1);
}

// One replica holds a message whose publication is refused; the stream is made anew, and the new message of that
// sequence is in another's hands when the old one is published after all.
void ends_in_another_stream(Scenario& s) {
    s.crash(1, seconds(20));
    s.run(seconds(3));
    s.server().set_fate([] { return Fate::denied; });
    s.publish({Kind::good});
    s.run(seconds(3));
    s.endpoint(Condition::hanging);
    s.server().delete_stream("EVENTS");
    s.world().oracle.input_gone();
    s.run(seconds(12));
    s.world().add_input();
    s.publish({Kind::good});
    s.run(seconds(6));
    s.server().set_fate({});
    s.run(seconds(40));
    s.link(0) = {};
    s.run(seconds(15));
    s.endpoint(Condition::healthy);
    s.settles(minutes(3));
    CHECK(s.seen(Mark::input_made_anew) == 1);
}

TEST_CASE("scenario: what is held of a stream made anew is not acked at the new one: bound to none") {
    Scenario s([](Plan& plan) { plan.replicas = 2; });
    s.link(0).fail_bind = 1;
    ends_in_another_stream(s);
}

TEST_CASE("scenario: what is held of a stream made anew is not acked at the new one: too full to pull") {
    Scenario s([](Plan& plan) {
        plan.replicas = 2;
        plan.pipeline.input.max_ack_pending = 1;
    });
    ends_in_another_stream(s);
}

TEST_CASE("scenario: an ack is lost, and the redelivery is acked from memory") {
    Scenario s;
    s.link(0).lose_ack = 1;
    s.publish({Kind::good});
    s.run(seconds(5));
    s.link(0) = {};
    s.settles(minutes(1));
    CHECK(s.seen(Mark::redelivery_acked_from_memory) == 1);
}

TEST_CASE("scenario: the server is down for longer than the duplicate window with publications unanswered") {
    Scenario s;
    s.link(0).lose_puback = 1;
    s.publish({Kind::good, Kind::good});
    s.run(seconds(2));
    s.link(0) = {};
    s.server().stop();
    s.run(minutes(6));
    s.server().start();
    s.settles(minutes(5));
    CHECK(s.stored_again() == 0);
}

TEST_CASE("scenario: the clocks of server and replica jump by hours, and nothing comes of it") {
    Scenario s;
    for (const auto by : {std::chrono::hours(5), std::chrono::hours(-9)}) {
        s.publish({Kind::good});
        s.replica(0).step_wall(by);
        s.world().scheduler.step_server_clock(by);
        s.settles(minutes(1));
    }
    CHECK(s.stored_again() == 0);
}

}  // namespace
}  // namespace millrace::sim
