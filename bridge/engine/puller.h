// Puller: keeps pull requests open on the server, never asking for more than the credit.
//
// Credit is how many more messages, and bytes, the engine can take; what open requests may still bring counts against
// it. Each partition has kPullSlots slots with at most one request
// each, so that the next request is with the server before the last one is used up. A slot is free again when its
// request was filled, ended by a status, or is lost: two heartbeats missed are the only sign every server version
// gives of a request it has forgotten (facts: a missing consumer is answered with silence by 2.9).
//
// It also minds whether the partition is bound: which consumer to pull from is looked up before the first pull, after
// every reconnect, and when the server says that the consumer is gone.
//
// Thread: one engine's. Time: told.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/random.h"
#include "bridge/base/stream.h"
#include "bridge/engine/effect.h"

namespace millrace::engine {

inline constexpr Duration kPullExpires = std::chrono::seconds(30);
inline constexpr Duration kPullHeartbeat = std::chrono::seconds(5);
// Nothing heard for so long, two heartbeats, and the consumer may be gone, or another one under its name.
inline constexpr Duration kPullSilence = 2 * kPullHeartbeat;
inline constexpr Duration kBindTimeout = std::chrono::seconds(30);

class Puller {
  public:
    struct Credit {
        std::size_t messages = 0;
        std::size_t bytes = 0;
    };

    // `parked`: partitions are bound by somebody else, who says so by `bound`, and until then they are let alone.
    Puller(const std::vector<Partition>& partitions, std::uint32_t chunk, std::uint64_t seed, bool parked = false);

    void disconnected(Time now);
    void reconnected(Time now);
    void bound(Partition partition, Time now);
    // Not bound: try again after a back-off. `settled` is what stands in the way when it is not passing by itself.
    void bind_failed(const BindFailed& failed, Time now);
    // Bound, but not to be pulled from before `release`: a search for stored results is under way.
    void block(Partition partition);
    void release(Partition partition, Time now);

    // Look the consumer up again before anything more is taken from it.
    void rebind(Partition partition, Time now) { unbind(lanes_.at(partition), now); }
    // No pull from the partition before it is `bound` anew.
    void park(Partition partition, Time now) { unbind(lanes_.at(partition), now); }
    // The process was stopped (or the machine asleep) since then: others may have worked on every partition.
    void stopped(Time since, Time now);
    // Whether what arrives from the partition may be worked on: its consumer is known, and no search is under way.
    [[nodiscard]] bool takes(Partition partition) const;
    // Whether the consumer is surely the one that was bound: it was heard of within kPullSilence. Where no request is
    // open that would tell, it is looked up again.
    [[nodiscard]] bool is_sure_of(Partition partition, Time now);

    void received(Partition partition, std::uint32_t slot, std::size_t bytes, Time now);
    void status(const PullStatus& status, Time now);
    // Binds that are due, and pulls as far as the credit goes; no pull when `allowed` is false.
    // A partition not pulled from for longer than `quiet`, or kPullSilence, is bound again first: others may have
    // worked on it meanwhile, or its stream was made anew.
    void pump(Credit credit, std::uint64_t max_input, bool allowed, Time now, Duration quiet, Effects& out);

    // The next time something is due after `now`.
    [[nodiscard]] Time next_due(Time now) const;
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::uint32_t bound_count() const;
    [[nodiscard]] std::uint32_t partitions() const { return static_cast<std::uint32_t>(lanes_.size()); }
    // Why a partition cannot be pulled from although the server answers; empty when nothing is in the way.
    [[nodiscard]] std::string trouble() const;
    // Since when no pull has been open on the partition; nothing while one is.
    [[nodiscard]] std::optional<Time> quiet_since(Partition partition) const;

  private:
    struct Slot {
        bool open = false;
        bool brought = false;  // a message
        std::uint64_t number = 0;
        std::uint32_t remaining = 0;  // messages
        std::size_t bytes = 0;        // remaining
        Time heard{};
        Time ends{};
    };
    enum class State { unbound, binding, bound };
    struct Lane {
        State state = State::unbound;
        bool blocked = false;
        Time due{};            // next bind, or when a bind under way is given up
        Time resting_until{};  // no pull before
        std::uint32_t failures = 0;
        std::string trouble;
        std::array<Slot, kPullSlots> slots;
        Time heard{};  // anything of the consumer, on whichever slot
        std::optional<Time> quiet_since;
        Time checked_at{};  // bound, or what is stored looked up
    };

    void unbind(Lane& lane, Time now);
    void close(Lane& lane, Slot& slot, Time now);
    void give_up_lost(Lane& lane, Time now);
    void bind_due(Partition partition, Lane& lane, Time now, Effects& out) const;
    void rest(Lane& lane, Time now);
    [[nodiscard]] Credit asked_for() const;
    // Opens requests on the lane's free slots as far as what is left of the credit goes.
    void ask(Partition partition, Lane& lane, Credit credit, Credit& asked, std::uint64_t max_input, Duration expires,
             Time now, Effects& out);

    std::map<Partition, Lane> lanes_;
    Partition asked_last_ = UINT32_MAX;
    std::optional<Partition> owed_;  // had to be bound again when its turn came
    std::uint32_t chunk_;
    std::uint32_t most_ = UINT32_MAX;  // a foreign consumer's limit on one request
    Random random_;
    bool parked_;
    bool connected_ = true;
};

}  // namespace millrace::engine
