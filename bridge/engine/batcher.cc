#include "bridge/engine/batcher.h"

#include <algorithm>

namespace millrace::engine {

void Batcher::add(Partition partition, const std::string& tenant, EventRef event, std::size_t row_bytes, bool single,
                  Time now) {
    Lane& lane = lanes_[partition];
    Queue& queue = lane.queues[tenant];
    if (queue.items.empty()) line_up(lane, tenant, turns_.had(tenant));
    queue.items.push_back({event, row_bytes, single, now});
    queue.bytes += row_bytes;
    ++size_;
}

std::optional<Batch> Batcher::take(Partition partition, Time now, bool flush, std::uint32_t most,
                                   std::uint64_t most_bytes) {
    const auto found = lanes_.find(partition);
    if (found == lanes_.end()) return std::nullopt;
    Lane& lane = found->second;
    line_up_anew(lane);
    for (auto turn = lane.turns.begin(); turn != lane.turns.end(); ++turn) {
        const auto queue = lane.queues.find(turn->second);
        if (!flush && !ready(queue->second, now, most_bytes)) continue;
        const std::string tenant = turn->second;
        lane.turns.erase(turn);
        Batch batch = cut(queue->second, std::min(most, limits_.count), std::min(most_bytes, limits_.bytes));
        batch.partition = partition;
        batch.tenant = tenant;
        if (queue->second.items.empty()) {
            lane.queues.erase(queue);
        } else {
            line_up(lane, tenant, turns_.had(tenant) + turns_.usual());
        }
        return batch;
    }
    return std::nullopt;
}

// Tenants in front that were served meanwhile, out of what came back, go to where they belong.
void Batcher::line_up_anew(Lane& lane) {
    for (auto front = lane.turns.begin(); front != lane.turns.end(); front = lane.turns.begin()) {
        const Duration had = turns_.itself(front->second);
        if (front->first.first >= had) return;
        std::string tenant = std::move(front->second);
        lane.turns.erase(front);
        line_up(lane, std::move(tenant), had);
    }
}

const std::string* Batcher::next_tenant(Partition partition, Time now, bool flush, std::uint64_t most_bytes) {
    const auto lane = lanes_.find(partition);
    if (lane == lanes_.end()) return nullptr;
    line_up_anew(lane->second);
    for (const auto& [turn, tenant] : lane->second.turns) {
        if (flush || ready(lane->second.queues.at(tenant), now, most_bytes)) return &tenant;
    }
    return nullptr;
}

bool Batcher::ready(const Queue& queue, Time now, std::uint64_t most_bytes) const {
    const Item& oldest = queue.items.front();
    return oldest.single || now - oldest.added >= limits_.wait || queue.items.size() >= limits_.count ||
           queue.bytes >= std::min(most_bytes, limits_.bytes);
}

// Takes from the front while the limits allow; always at least one.
Batch Batcher::cut(Queue& queue, std::uint32_t most, std::uint64_t most_bytes) {
    Batch batch;
    std::size_t bytes = 0;
    while (!queue.items.empty()) {
        const Item item = queue.items.front();
        const bool first = batch.events.empty();
        if (!first && (item.single || batch.events.size() >= most || bytes + item.bytes > most_bytes)) break;
        bytes += item.bytes;
        queue.bytes -= item.bytes;
        batch.events.push_back(item.event);
        queue.items.pop_front();
        --size_;
        if (item.single) break;
    }
    return batch;
}

Time Batcher::next_due(Time now) const {
    Time due = kNever;
    if (size_ == 0 || limits_.wait == Duration::zero()) return due;
    for (const auto& [partition, lane] : lanes_) {
        for (const auto& [tenant, queue] : lane.queues) {
            const Time ready = queue.items.front().added + limits_.wait;
            if (ready > now) due = std::min(due, ready);
        }
    }
    return due;
}

void Batcher::clear() {
    lanes_.clear();
    size_ = 0;
}

}  // namespace millrace::engine
