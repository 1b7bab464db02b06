// Scenario: a world without faults, and words to say what happens in it, so that a known story is a test of a few
// lines:
//
//     Scenario s;
//     s.publish({Kind::good});
//     s.link(0).lose_puback = 1;
//     s.run(seconds(1));
//     s.crash(0);
//
// The Oracle watches all the while; `run` and `settles` fail the test when a promise is broken.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/stuck.h"
#include "tests/sim/world.h"

namespace millrace::sim {

class Scenario {
  public:
    using Change = std::function<void(Plan&)>;

    explicit Scenario(const Change& change = [](Plan&) {}) : world_(made(change), false) {
        world_.restart_after = [this](std::size_t) { return comes_back_after_; };
        world_.make_streams();
        world_.start();
        run(std::chrono::seconds(1));
    }

    void publish(const std::vector<Kind>& kinds, const std::string& tenant = "acme") {
        world_.publisher.publish(tenant, kinds);
    }
    LinkFaults& link(std::size_t place) { return world_.links[place]; }
    Replica& replica(std::size_t place) { return *world_.replicas[place]; }
    void crash(std::size_t place, std::optional<Duration> comes_back_after = std::chrono::seconds(1)) {
        comes_back_after_ = comes_back_after;
        replica(place).die();
    }
    void endpoint(Condition condition) { world_.model.set_condition(condition); }
    SimServer& server() { return world_.server; }
    World& world() { return world_; }

    void run(Duration time) {
        const bool fine = world_.run_until(world_.scheduler.now() + time);
        REQUIRE_MESSAGE(fine, (fine ? std::string() : world_.oracle.violation()->text));
    }
    // Everything is settled and acked, within this time.
    void settles(Duration within) {
        const bool done = world_.run_until([this] { return world_.all_done(); }, within);
        REQUIRE_MESSAGE(done, (done                        ? std::string()
                               : world_.oracle.violation() ? world_.oracle.violation()->text
                                                           : why_stuck(world_)));
    }
    [[nodiscard]] std::size_t open() const { return world_.oracle.unsettled(); }
    [[nodiscard]] std::size_t stored_again() const { return world_.oracle.stored_again(); }
    // How many dead letters have this reason.
    [[nodiscard]] std::uint64_t dead(const std::string& reason) const {
        const auto found = world_.oracle.reasons().find(reason);
        return found == world_.oracle.reasons().end() ? 0 : found->second;
    }
    [[nodiscard]] std::uint64_t seen(Mark mark) const { return world_.marks.hits(mark); }

  private:
    static Plan made(const Change& change) {
        Plan plan = Plan::quiet();
        change(plan);
        return plan;
    }

    World world_;
    std::optional<Duration> comes_back_after_ = std::chrono::seconds(1);
};

}  // namespace millrace::sim
