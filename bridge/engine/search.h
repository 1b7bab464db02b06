// Search: looks up in the output streams what is stored already, one search at a time.
//
// Two needs (SEMANTICS B2). *Recovery*: a partition was bound whose consumer has unacked messages and was quiet for
// longer than half the duplicate window; results of those messages may be stored, and their identities are remembered
// until the messages are acked. *Unsure publications*: see commit.h. A search that fails is repeated after the others
// had their turn, and given longer.
//
// Thread: one engine's. Time: told. Bounds: identities of unacked messages of the partitions of one shard.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/random.h"
#include "bridge/base/stream.h"
#include "bridge/engine/commit.h"
#include "bridge/engine/effect.h"

namespace millrace::engine {

class Search {
  public:
    static constexpr Duration kAnswerWithin = std::chrono::minutes(1);  // the first time; then twice as long each time

    Search(Commit& commit, std::uint64_t seed) : commit_(commit), random_(seed) {}

    // Replaces an earlier wish for the same partition.
    void want_recovery(Partition partition, const Find& find);
    [[nodiscard]] bool wants(Partition partition) const;
    void pump(Time now, bool connected, Effects& out);
    // The partition that may be pulled from now, if this was its recovery.
    std::optional<Partition> found(const Found& found, Time now, Effects& out);
    void disconnected(Time now);

    // Where what tells of the event is stored, if that is known: by itself, or in a run of this
    // generation, partition and tenant.
    [[nodiscard]] std::optional<OutputPlace> place_of(Partition partition, const Identity& identity) const;
    [[nodiscard]] std::optional<OutputPlace> place_of(const StoredRun& among, const Identity& identity,
                                                      EventPlace place) const;
    // The message is acked: it does not come again.
    void forget(const Delivery& delivery);
    // Why searches do not succeed; empty when they do.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] Time next_due(Time now) const;
    void forget_known(Partition partition) { known_.erase(partition); }

  private:
    enum class Running { nothing, recovery, unsure };
    void failed(const Error& error, Time now);

    Commit& commit_;
    std::deque<std::pair<Partition, Find>> wanted_;
    Running running_ = Running::nothing;
    std::uint64_t number_ = 0;
    Time due_{};  // nothing before; or when the running search is given up
    std::uint32_t failures_ = 0;
    std::string trouble_;
    // Of the last recovery of each; what another replica acked meanwhile goes with the next.
    struct Known {
        std::unordered_map<Identity, OutputPlace> places;
        std::vector<StoredRun> runs;
    };
    std::map<Partition, Known> known_;
    Random random_;
};

}  // namespace millrace::engine
