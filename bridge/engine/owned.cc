// The engine of owned partitions: what is told to which owner, and what the owners' state means for pulling.
#include <algorithm>
#include <utility>

#include "bridge/engine/engine.h"

namespace millrace::engine {

Owner* Engine::owner_of(Partition partition) {
    const auto owner = owners_.find(partition);
    return owner == owners_.end() ? nullptr : owner->second.get();
}

Owner* Engine::owner_of_number(std::uint64_t number) {
    return Numbers::is_owned(number) ? owner_of(Numbers::partition_of(number)) : nullptr;
}

void Engine::deliver_owned(Delivered&& in, Time now) {
    const Partition partition = in.delivery->partition;
    puller_.received(partition, in.slot, in.delivery->payload.size(), now);
    backlog_[partition] = in.delivery->pending;
    note_expansion(*in.delivery);
    if (Owner* owner = owner_of(partition); owner != nullptr && halt_.empty())
        owner->delivered(std::move(in.delivery), now);
}

void Engine::bound_owned(const Bound& in, Time now, Effects& out) {
    Owner* owner = owner_of(in.partition);
    if (owner == nullptr) return;
    max_input_ = in.max_input;
    commit_.limits(in, now);
    owner->bound(in, now, out);
    if (owner->takes()) puller_.bound(in.partition, now);
}

void Engine::pump_owners(Time now, Effects& out) {
    for (auto& [partition, owner] : owners_) {
        // Its pulls were given up: the consumer is gone, or the connection was.
        if (owner->takes() && !puller_.takes(partition)) owner->reposition();
        owner->pump(now, puller_.connected(), out);
        if (!owner->takes()) puller_.park(partition, now);
        if (owner->halt()) halt(owner->halt()->name, owner->halt()->remedy, out);
    }
}

// One at a time for each partition would do, but the pulls of one partition may use all of the credit.
Puller::Credit Engine::owned_credit() const {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    for (const auto& [partition, owner] : owners_) {
        messages += owner->unacked();
        bytes += owner->waiting_bytes();
    }
    Puller::Credit credit;
    credit.messages = max_messages_ - std::min(max_messages_, messages);
    const std::size_t most = pipeline_.input.max_pending_bytes;
    credit.bytes = static_cast<std::size_t>(static_cast<double>(most - std::min(most, bytes)) / expansion_);
    return credit;
}

void Engine::describe_owners(Snapshot& s) const {
    s.bound = static_cast<std::uint32_t>(
        std::ranges::count_if(owners_, [](const auto& entry) { return entry.second->able(); }));
    for (const auto& [partition, owner] : owners_) {
        if (s.hold.empty()) s.hold = owner->trouble();
        s.owned += owner->owns() ? 1 : 0;
        s.open_deliveries += owner->unacked();
        s.open_bytes += owner->waiting_bytes();
        s.state_bytes += owner->bytes();
        s.publications += owner->publications();
    }
}

bool Engine::owners_left() const {
    return std::ranges::all_of(owners_, [](const auto& entry) { return entry.second->left(); });
}

}  // namespace millrace::engine
