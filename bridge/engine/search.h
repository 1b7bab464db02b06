// Search: looks up in the output streams what is stored already, one search at a time.
//
// Two needs (SEMANTICS B2). *Recovery*: a partition was bound whose consumer has unacked messages and was quiet for
// longer than half the duplicate window; results of those messages may be stored, and their identities are remembered
// until the messages come again. *Unsure publications*: see commit.h. A search that fails is repeated.
//
// Thread: one engine's. Time: told. Bounds: identities of unacked messages of the partitions of one shard.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>
#include <utility>

#include "bridge/base/ids.h"
#include "bridge/base/random.h"
#include "bridge/base/stream.h"
#include "bridge/engine/commit.h"
#include "bridge/engine/effect.h"

namespace millrace::engine {

class Search {
  public:
    static constexpr Duration kAnswerWithin = std::chrono::minutes(1);

    Search(Commit& commit, std::uint64_t seed) : commit_(commit), random_(seed) {}

    // Replaces an earlier wish for the same partition.
    void want_recovery(Partition partition, const Find& find);
    void pump(Time now, bool connected, Effects& out);
    // The partition that may be pulled from now, if this was its recovery.
    std::optional<Partition> found(const Found& found, Time now, Effects& out);
    void disconnected(Time now);

    // Whether what tells of the event is known to be stored; forgets it.
    bool take_known(const Identity& identity) { return known_.erase(identity) > 0; }
    [[nodiscard]] Time next_due(Time now) const;
    void forget_known() { known_.clear(); }

  private:
    enum class Running { nothing, recovery, unsure };
    void failed(Time now);

    Commit& commit_;
    std::deque<std::pair<Partition, Find>> wanted_;
    Running running_ = Running::nothing;
    std::uint64_t number_ = 0;
    Time due_{};  // nothing before; or when the running search is given up
    std::uint32_t failures_ = 0;
    std::unordered_set<Identity> known_;
    Random random_;
};

}  // namespace millrace::engine
