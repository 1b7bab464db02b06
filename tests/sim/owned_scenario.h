// OwnedScenario: a world of owned partitions without faults, and words to say what happens in it. As Scenario.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "tests/sim/owned_world.h"

namespace millrace::sim {

class OwnedScenario {
  public:
    using Change = std::function<void(Plan&)>;

    explicit OwnedScenario(const Change& change = [](Plan&) {}) : world_(made(change), false) {
        world_.restart_after = [this](std::size_t) { return comes_back_after_; };
        world_.make_streams();
        // An event a second lies there before anybody comes.
        while (now() < Time{} + world_.plan.starts_after) {
            publish();
            run(std::chrono::seconds(1));
        }
        world_.start();
        run(std::chrono::seconds(1));
    }

    // An event of acme's.
    void publish(const std::string& group = "k1", Duration ago = {}) {
        world_.publisher.publish("acme", group, 7, ago);
    }
    OwnedReplica& replica(std::size_t place) { return *world_.replicas[place]; }
    OwnedReplica& owner() { return *world_.replicas[owner_place()]; }
    std::size_t owner_place() {
        const auto place = world_.any_owner();
        REQUIRE(place);
        return *place;
    }
    void crash(std::size_t place, std::optional<Duration> comes_back_after = std::chrono::seconds(1)) {
        comes_back_after_ = comes_back_after;
        replica(place).die();
    }
    LinkFaults& link(std::size_t place) { return world_.links[place]; }
    SimServer& server() { return world_.server; }
    OwnedWorld& world() { return world_; }
    const state::Head& head() {
        REQUIRE(world_.oracle.last(0) != nullptr);
        return world_.oracle.last(0)->head;
    }
    [[nodiscard]] Time now() const { return world_.scheduler.now(); }

    void run(Duration time) { fine(world_.run_until(now() + time)); }
    void run_until(const std::function<bool()>& done, Duration within) { fine(world_.run_until(done, within)); }
    // All that must come of the input is stored within this time.
    void settles(Duration within) {
        run_until([this] { return world_.all_done(); }, within);
    }
    // A replica halts, with this name, within a minute.
    void halts(const std::string& name) {
        world_.oracle.expect_halt(name);
        const auto halted = [&] { return replica(0).alive() && replica(0).snapshot().halt == name; };
        run_until(halted, std::chrono::minutes(1));
    }

  private:
    static Plan made(const Change& change) {
        Plan plan = Plan::owned_quiet();
        change(plan);
        return plan;
    }
    void fine(bool is) {
        const auto& broken = world_.oracle.violation();
        REQUIRE_MESSAGE(is, (is ? std::string() : broken ? broken->text : world_.state_text()));
    }

    OwnedWorld world_;
    std::optional<Duration> comes_back_after_ = std::chrono::seconds(1);
};

}  // namespace millrace::sim
