// HeadSpotter: watches the heads of owned partitions as they are stored, and recognises in them the things that Marks
// names. OwnedSpotter sees what no head tells.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "bridge/state/head.h"
#include "tests/sim/marks.h"

namespace millrace::sim {

class HeadSpotter {
  public:
    explicit HeadSpotter(Marks& marks) : marks_(marks) {}

    // The next head of the partition, and what its content says is to be published.
    void stored(Partition partition, const state::Head& head, const std::vector<state::OutboxEntry>& outbox);

  private:
    struct Last {
        state::Writer writer{};
        std::uint32_t generation = 0;
        bool released = false;
        std::uint64_t floor = 0;
        std::uint64_t deltas = 0;  // since the base
        bool full = false;         // its outbox took no more
    };

    void taken(const Last& before, const state::Head& head, bool has_outbox);

    Marks& marks_;
    std::map<Partition, Last> last_;
    std::set<Identity> committed_;
};

}  // namespace millrace::sim
