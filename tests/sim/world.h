// World: one run of one seed. A model server, a model endpoint, publishers, replicas and their troubles, in two phases:
//
//   troubled   faults are on; the Oracle looks for broken promises of safety
//   healed     every fault is over; within kHealWithin of virtual time every event must be settled, every message
//   acked,
//              every replica say that it is able to work, and then drain
//
// A run is a function of its plan: the same seed gives the same trace.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/plan.h"
#include "tests/sim/publisher.h"
#include "tests/sim/replica.h"

namespace millrace::sim {

struct Report {
    std::optional<Violation> violation;
    std::uint64_t hash = 0;
    std::size_t events = 0;
    std::size_t stored_again = 0;
    std::size_t stored_as_both = 0;
    std::uint64_t steps = 0;
    Duration lasted{};
    std::map<std::string, std::uint64_t, std::less<>> faults;
    std::map<std::string, std::uint64_t> reasons;  // of dead letters
    std::vector<std::string> last;                 // lines of the trace
};

class World {
  public:
    static constexpr Duration kHealWithin = std::chrono::minutes(60);

    World(const Plan& plan, bool print);
    ~World();
    Report run();

  private:
    using Trouble = void (World::*)();

    void make_streams();
    void publish();
    void start_replica(std::size_t place);
    void trouble_every(Duration mean, Trouble trouble);
    void crash();
    void roll();
    void freeze();
    void disconnect();
    void stop_server();
    void change_condition();
    Replica* any_replica();
    [[nodiscard]] Duration up_to(Duration longest) { return random_.between(std::chrono::milliseconds(1), longest); }

    void heal();
    [[nodiscard]] bool all_done();
    void expect_recovery();
    void expect_health();
    void expect_drained();
    [[nodiscard]] std::string state_text();
    // Runs until `limit`; false when a promise was broken.
    bool run_until(Time limit);
    // Runs until `done`; false when a promise was broken or kHealWithin is over.
    bool run_until(const std::function<bool()>& done);

    const Plan plan_;
    Scheduler scheduler_;
    Trace trace_;
    SimServer server_{scheduler_};
    SimModel model_;
    Oracle oracle_;
    Publisher publisher_;
    Random random_;
    LinkFaults link_;
    std::uint32_t busy_ = 0;                          // requests at the model
    std::vector<std::unique_ptr<Replica>> replicas_;  // the living ones, by place
    std::vector<std::unique_ptr<Replica>> graveyard_;
    std::uint64_t started_ = 0;
    bool troubled_ = true;
    bool closing_ = false;
};

}  // namespace millrace::sim
