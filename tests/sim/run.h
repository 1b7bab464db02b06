// Run: one seed's run in two phases:
//
//   troubled   faults are on; the Oracle looks for broken promises of safety
//   healed     every fault is over but those the plan makes permanent; within kHealWithin of virtual time every event
//              that can be must be settled, its message acked, every replica say that it is able to work, and then
//              drain
//
// A run is a function of its plan: the same seed gives the same trace.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/troubles.h"
#include "tests/sim/world.h"

namespace millrace::sim {

struct Report {
    std::optional<Violation> violation;
    std::uint64_t hash = 0;
    std::size_t events = 0;
    std::size_t stored_again = 0;
    std::size_t stored_as_both = 0;
    std::uint64_t steps = 0;
    Duration lasted{};
    Marks marks = {};
    std::map<std::string, std::uint64_t, std::less<>> faults;
    std::map<std::string, std::uint64_t> reasons = {};  // of dead letters
    std::map<std::string, std::uint64_t> seen = {};     // of owned partitions
    std::vector<std::string> last;                      // lines of the trace
};

class Run {
  public:
    static constexpr Duration kHealWithin = std::chrono::minutes(60);

    Run(const Plan& plan, bool print) : world_(plan, print), troubler_(world_), traffic_(plan.seed, "run traffic") {}
    Report go();

  private:
    void publish();
    void publish_good();
    void heal();
    void make_permanent();
    void expect_recovery();
    void expect_health();
    void expect_drained();

    World world_;
    Troubler troubler_;
    Random traffic_;
};

}  // namespace millrace::sim
