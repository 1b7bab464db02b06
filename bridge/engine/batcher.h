// Batcher: events that wait for a request, per partition and tenant.
//
// A batch holds one tenant's events (unless tenants are mixed by choice), at most max_batch_count of them and
// max_batch_bytes of rows. Tenants take turns by the time they had at the endpoint (turns.h). A batch is ready when it
// is full, when its oldest event has waited max_batch_wait, or at once when that is zero: a free slot takes what is
// there, the size is a cap and not a target. An event marked single travels alone.
//
// Thread: one engine's. Time: told. Bounds: holds only events of open deliveries. Not here: no retry, no in-flight
// count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "bridge/base/ids.h"
#include "bridge/base/time.h"
#include "bridge/engine/batch.h"
#include "bridge/engine/turns.h"

namespace millrace::engine {

struct BatchLimits {
    std::uint32_t count = 500;
    std::uint64_t bytes = 1 << 20;
    Duration wait{};
};

class Batcher {
  public:
    explicit Batcher(BatchLimits limits) : limits_(limits) {}

    void add(Partition partition, const std::string& tenant, EventRef event, std::size_t row_bytes, bool single,
             Time now);
    // The next ready batch of the partition; `flush` takes an unfinished one too, `most` and `most_bytes` cap its size
    // below the limits.
    std::optional<Batch> take(Partition partition, Time now, bool flush, std::uint32_t most,
                              std::uint64_t most_bytes = UINT64_MAX);
    // Whose that would be.
    const std::string* next_tenant(Partition partition, Time now, bool flush, std::uint64_t most_bytes = UINT64_MAX);
    [[nodiscard]] Turns& turns() { return turns_; }
    // When a batch becomes ready by waiting, after `now`; kNever when none does.
    [[nodiscard]] Time next_due(Time now) const;
    [[nodiscard]] std::size_t size() const { return size_; }
    // Drops the events that are `gone`: their deliveries were let go while they waited.
    template <typename Gone>
    void prune(Gone gone);
    void clear();

  private:
    struct Item {
        EventRef event;
        std::size_t bytes = 0;
        bool single = false;
        Time added{};
    };
    struct Queue {
        std::deque<Item> items;
        std::size_t bytes = 0;
    };
    struct Lane {
        std::map<std::string, Queue> queues;
        // Tenants with something queued, next first: by what they had when they came or were served, then in turn.
        std::map<std::pair<Duration, std::uint64_t>, std::string> turns;
    };

    void line_up_anew(Lane& lane);
    [[nodiscard]] bool ready(const Queue& queue, Time now, std::uint64_t most_bytes) const;
    Batch cut(Queue& queue, std::uint32_t most, std::uint64_t most_bytes);

    void line_up(Lane& lane, std::string tenant, Duration had) {
        lane.turns.emplace(std::pair(had, ++lined_up_), std::move(tenant));
    }

    BatchLimits limits_;
    Turns turns_;
    std::uint64_t lined_up_ = 0;
    std::map<Partition, Lane> lanes_;
    std::size_t size_ = 0;
};

template <typename Gone>
void Batcher::prune(Gone gone) {
    size_ = 0;
    for (auto& [partition, lane] : lanes_) {
        for (auto& [tenant, queue] : lane.queues) {
            std::erase_if(queue.items, [&](const Item& item) { return gone(item.event); });
            queue.bytes = 0;
            for (const Item& item : queue.items) queue.bytes += item.bytes;
            size_ += queue.items.size();
        }
        std::erase_if(lane.turns, [&](const auto& turn) { return lane.queues.at(turn.second).items.empty(); });
        std::erase_if(lane.queues, [](const auto& queue) { return queue.second.items.empty(); });
    }
}

}  // namespace millrace::engine
