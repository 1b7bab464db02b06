#include "bridge/engine/puller.h"

#include <algorithm>

#include "bridge/engine/backoff.h"

namespace millrace::engine {

namespace {

constexpr Duration kShortestTurn = std::chrono::seconds(1);
constexpr BackoffRule kRest{std::chrono::milliseconds(200), std::chrono::seconds(5)};
constexpr BackoffRule kRebind{std::chrono::milliseconds(500), std::chrono::seconds(10)};
constexpr BackoffRule kRebindSettled{std::chrono::seconds(4), std::chrono::seconds(30)};

// What a status message means for the request it ends.
enum class Ending { heartbeat, over, full, rest, rebind, smaller };

Ending ending(const PullStatus& status) {
    const auto says = [&](std::string_view words) { return status.description.find(words) != std::string::npos; };
    switch (status.code) {
        case 100:
            return Ending::heartbeat;
        case 404:
        case 408:
            return Ending::over;
        case 503:
            return Ending::rebind;  // no responders: no such consumer, or no leader
        case 409:
            if (says("Consumer Deleted") || says("push based")) return Ending::rebind;
            if (says("MaxRequestBatch")) return Ending::smaller;
            if (says("Batch Completed")) return Ending::over;
            if (says("Exceeds MaxBytes")) return Ending::full;
            return Ending::rest;  // Leadership Change, Server Shutdown, Exceeded MaxWaiting, …
        default:
            return Ending::rest;
    }
}

}  // namespace

Puller::Puller(const std::vector<Partition>& partitions, std::uint32_t chunk, std::uint64_t seed, bool parked)
    : chunk_(std::max(1u, chunk)), random_(seed), parked_(parked) {
    for (const Partition p : partitions) lanes_[p] = Lane{};
}

void Puller::disconnected(Time now) {
    connected_ = false;
    for (auto& [partition, lane] : lanes_) {
        unbind(lane, now);
    }
}

void Puller::reconnected(Time now) {
    connected_ = true;
    for (auto& [partition, lane] : lanes_) unbind(lane, now);
}

void Puller::unbind(Lane& lane, Time now) {
    for (Slot& slot : lane.slots) close(lane, slot, now);
    lane.state = State::unbound;
    lane.due = now;
}

void Puller::stopped(Time since, Time now) {
    for (auto& [partition, lane] : lanes_) {
        lane.quiet_since = lane.quiet_since ? std::min(*lane.quiet_since, since) : since;
        unbind(lane, now);
    }
}

bool Puller::takes(Partition partition) const {
    const auto lane = lanes_.find(partition);
    return lane != lanes_.end() && lane->second.state == State::bound && !lane->second.blocked;
}

bool Puller::is_sure_of(Partition partition, Time now) {
    const auto found = lanes_.find(partition);
    if (found == lanes_.end() || found->second.state != State::bound) return false;
    Lane& lane = found->second;
    if (now - lane.heard <= kPullSilence) return true;
    if (lane.quiet_since) unbind(lane, now);
    return false;
}

void Puller::bound(Partition partition, Time now) {
    Lane& lane = lanes_.at(partition);
    lane.heard = now;
    lane.state = State::bound;
    lane.blocked = false;
    lane.checked_at = now;
    lane.failures = 0;
    lane.trouble.clear();
}

void Puller::bind_failed(const BindFailed& failed, Time now) {
    Lane& lane = lanes_.at(failed.partition);
    const bool passing = failed.error.code == ErrorCode::unavailable;
    lane.state = State::unbound;
    lane.trouble = passing ? std::string() : failed.error.text;
    lane.due = now + backoff(passing ? kRebind : kRebindSettled, ++lane.failures, random_);
}

void Puller::block(Partition partition) { lanes_.at(partition).blocked = true; }
void Puller::release(Partition partition, Time now) {
    lanes_.at(partition).blocked = false;
    lanes_.at(partition).checked_at = now;
}

void Puller::received(Partition partition, std::uint32_t index, std::size_t bytes, Time now) {
    const auto lane = lanes_.find(partition);
    if (lane == lanes_.end() || index >= kPullSlots) return;
    lane->second.failures = 0;
    lane->second.heard = now;
    Slot& slot = lane->second.slots[index];
    if (!slot.open) return;  // late, of a request given up: nothing to count it against
    slot.heard = now;
    slot.brought = true;
    slot.bytes -= std::min(slot.bytes, bytes);
    if (--slot.remaining == 0) close(lane->second, slot, now);
}

void Puller::status(const PullStatus& status, Time now) {
    const auto found = lanes_.find(status.partition);
    if (found == lanes_.end() || status.slot >= kPullSlots) return;
    Lane& lane = found->second;
    Slot& slot = lane.slots[status.slot];
    if (!slot.open || slot.number != status.number) return;
    if (status.code != 503) lane.heard = now;
    switch (ending(status)) {
        case Ending::heartbeat:
            slot.heard = now;
            return;
        case Ending::over:
            break;
        case Ending::full:  // how a request for bytes ends; one that had room for no message would end so again
            if (!slot.brought) rest(lane, now);
            break;
        case Ending::smaller:
            most_ = std::max(1u, slot.remaining / 2);
            break;
        case Ending::rest:
            rest(lane, now);
            break;
        case Ending::rebind:
            unbind(lane, now);
            lane.due = now + backoff(kRebind, ++lane.failures, random_);
            return;
    }
    close(lane, slot, now);
}

void Puller::rest(Lane& lane, Time now) { lane.resting_until = now + backoff(kRest, ++lane.failures, random_); }

void Puller::close(Lane& lane, Slot& slot, Time now) {
    slot.open = false;
    const bool any = std::ranges::any_of(lane.slots, &Slot::open);
    if (!any && !lane.quiet_since) lane.quiet_since = now;
}

// A request whose heartbeats stopped is lost; when nothing at all is heard, the consumer may be gone.
void Puller::give_up_lost(Lane& lane, Time now) {
    bool lost = false;
    for (Slot& slot : lane.slots) {
        if (!slot.open) continue;
        if (now - slot.heard > kPullHeartbeat * 5 / 2) {
            close(lane, slot, slot.heard);
            lost = true;
        } else if (now > slot.ends) {
            close(lane, slot, now);
        }
    }
    if (lost && now - lane.heard > kPullHeartbeat * 5 / 2) {
        unbind(lane, now);
        lane.due = now + backoff(kRebind, ++lane.failures, random_);
    }
}

void Puller::bind_due(Partition partition, Lane& lane, Time now, Effects& out) const {
    if (parked_ || lane.state == State::bound || now < lane.due) return;
    lane.state = State::binding;
    lane.due = now + kBindTimeout;
    out.emplace_back(Bind{partition});
}

void Puller::pump(Credit credit, std::uint64_t max_input, bool allowed, Time now, Duration quiet, Effects& out) {
    if (!connected_) return;
    for (auto& [partition, lane] : lanes_) {
        give_up_lost(lane, now);
        bind_due(partition, lane, now, out);
    }
    if (!allowed || credit.bytes == 0) return;
    Credit asked = asked_for();
    // A credit too small for all lanes goes round: the one after the one that asked last comes first. It goes round
    // before a lane that was bound has been quiet for too long, or binding would be all it ever does; and a lane whose
    // turn came while it had to be bound again is next, or one that is always searched for would always be passed over.
    const Duration quiet_for = std::min(quiet, kPullSilence);
    const Duration short_turn = std::max<Duration>(kShortestTurn, quiet_for * 3 / 4);
    const Duration expires =
        credit.messages < lanes_.size() ? std::min<Duration>(kPullExpires, short_turn) : kPullExpires;
    auto turn = owed_ && takes(*owed_) ? lanes_.find(*owed_) : lanes_.upper_bound(asked_last_);
    for (std::size_t n = 0; n < lanes_.size(); ++n, ++turn) {
        if (turn == lanes_.end()) turn = lanes_.begin();
        auto& [partition, lane] = *turn;
        if (lane.state != State::bound || lane.blocked || now < lane.resting_until || credit.messages <= asked.messages)
            continue;
        if (lane.quiet_since && now - std::max(*lane.quiet_since, lane.checked_at) > quiet_for) {
            if (!owed_) owed_ = partition;
            unbind(lane, now);
            bind_due(partition, lane, now, out);
            continue;
        }
        if (owed_ == partition) owed_.reset();
        ask(partition, lane, credit, asked, max_input, expires, now, out);
    }
}

Puller::Credit Puller::asked_for() const {
    Credit asked;
    for (const auto& [partition, lane] : lanes_) {
        for (const Slot& slot : lane.slots) {
            if (!slot.open) continue;
            asked.messages += slot.remaining;
            asked.bytes += slot.bytes;
        }
    }
    return asked;
}

void Puller::ask(Partition partition, Lane& lane, Credit credit, Credit& asked, std::uint64_t max_input,
                 Duration expires, Time now, Effects& out) {
    // A request is never for less than one message of the largest size, or it could not be delivered at all; each
    // lane may have one such request whatever the others ask for.
    const std::size_t least = 2 * max_input;
    const std::size_t share = credit.bytes / (kPullSlots * lanes_.size());
    for (std::uint32_t i = 0; i < kPullSlots && asked.messages < credit.messages; ++i) {
        Slot& slot = lane.slots[i];
        if (slot.open) continue;
        const std::size_t room = credit.messages - asked.messages;
        // Small requests cost as much as large ones: wait for more room unless the slots would be dry.
        if (room < chunk_ / 2 && asked.messages > 0) return;
        const std::size_t bytes = std::max(share, least);
        if (asked.bytes + bytes > credit.bytes && std::ranges::any_of(lane.slots, &Slot::open)) return;
        const auto batch = static_cast<std::uint32_t>(std::min<std::size_t>({room, chunk_, most_}));
        slot = Slot{true, false, slot.number + 1, batch, bytes, now, now + expires + kPullHeartbeat};
        lane.quiet_since.reset();
        asked_last_ = partition;
        asked.messages += batch;
        asked.bytes += bytes;
        out.emplace_back(PullRequest{partition, i, slot.number, batch, bytes, expires,
                                     std::min<Duration>(kPullHeartbeat, expires / 2)});
    }
}

Time Puller::next_due(Time now) const {
    Time due = kNever;
    const auto consider = [&](Time t) {
        if (t > now) due = std::min(due, t);
    };
    if (!connected_) return due;
    for (const auto& [partition, lane] : lanes_) {
        if (lane.state == State::bound || !parked_)
            consider(lane.state == State::bound ? lane.resting_until : lane.due);
        for (const Slot& slot : lane.slots) {
            if (slot.open) consider(std::min(slot.heard + kPullHeartbeat * 5 / 2, slot.ends) + Duration(1));
        }
    }
    return due;
}

std::uint32_t Puller::bound_count() const {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(lanes_, [](const auto& lane) { return lane.second.state == State::bound; }));
}

std::string Puller::trouble() const {
    for (const auto& [partition, lane] : lanes_) {
        if (!lane.trouble.empty()) return lane.trouble;
    }
    return {};
}

std::optional<Time> Puller::quiet_since(Partition partition) const { return lanes_.at(partition).quiet_since; }

}  // namespace millrace::engine
