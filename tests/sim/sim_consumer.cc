#include "tests/sim/sim_consumer.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {
namespace {

constexpr std::size_t kMaxWaiting = 512;

}  // namespace

SimConsumer::SimConsumer(ConsumerConfig config, const SimStream& stream, Scheduler& scheduler, SinkOf sink_of)
    : config_(std::move(config)), stream_(stream), scheduler_(scheduler), sink_of_(std::move(sink_of)) {
    cursor_ = config_.start_sequence > 0 ? config_.start_sequence - 1 : 0;
    if (config_.start_time) {
        while (cursor_ < stream_.last_sequence() && stream_.at(cursor_ + 1).stored_at < *config_.start_time) ++cursor_;
    }
    delivered_ = cursor_;  // as the server counts it
}

void SimConsumer::pull(ClientId client, const PullRequest& request) {
    if (!up_) return;
    const Waiting waiting{client,
                          request,
                          request.expires > Duration::zero() ? scheduler_.now() + request.expires : kNever,
                          scheduler_.now(),
                          std::max(request.batch, 1u),
                          request.max_bytes};
    if (request.heartbeat * 2 > request.expires) {
        return send_status(waiting, 400, "Bad Request - heartbeat value too large");
    }
    if (waiting_.size() >= kMaxWaiting) return send_status(waiting, 409, "Exceeded MaxWaiting");
    waiting_.push_back(waiting);
    if (waiting.expires != kNever) wake_at(waiting.expires);
    if (request.heartbeat > Duration::zero()) wake_at(scheduler_.now() + request.heartbeat);
    pump();
}

std::vector<std::uint64_t> SimConsumer::ack(std::uint64_t sequence) {
    if (!up_) return {};
    auto at = config_.ack_policy == "all" ? pending_.begin() : pending_.find(sequence);
    std::vector<std::uint64_t> acked;
    while (at != pending_.end() && at->first <= sequence) {
        acked.push_back(at->first);
        counts_[at->first] = at->second.count;
        recent_acks_.emplace_back(at->first, scheduler_.now());
        at = pending_.erase(at);
    }
    if (acked.empty()) return acked;
    last_active_ = scheduler_.server_now();
    pump();
    return acked;
}

void SimConsumer::nak(std::uint64_t sequence, Duration delay) {
    const auto found = pending_.find(sequence);
    if (!up_ || found == pending_.end()) return;
    found->second.due = scheduler_.now() + delay;
    wake_at(found->second.due);
    pump();
}

void SimConsumer::in_progress(std::uint64_t sequence) {
    const auto found = pending_.find(sequence);
    if (!up_ || found == pending_.end()) return;
    found->second.due = scheduler_.now() + config_.ack_wait;
    wake_at(found->second.due);
}

void SimConsumer::forget(ClientId client) {
    std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.client == client; });
}

void SimConsumer::end() {
    up_ = false;
    for (const auto& waiting : waiting_) send_status(waiting, 409, "Consumer Deleted");
    waiting_.clear();
}

void SimConsumer::lose_leader() {
    for (const auto& waiting : waiting_) send_status(waiting, 409, "Leadership Change");
    stop({});
}

void SimConsumer::stop(Duration unflushed) {
    up_ = false;
    waiting_.clear();
    last_active_.reset();
    for (const auto& [sequence, at] : recent_acks_) {
        if (at + unflushed > scheduler_.now()) {
            pending_[sequence] = Pending{scheduler_.now() + config_.ack_wait, counts_[sequence]};
            wake_at(scheduler_.now() + config_.ack_wait);
        }
    }
    recent_acks_.clear();
}

void SimConsumer::start() {
    up_ = true;
    pump();
}

void SimConsumer::wake_at(Time when) {
    scheduler_.at(when, [this] { pump(); });
}

void SimConsumer::pump() {
    if (!up_) return;
    expire();
    while (!waiting_.empty()) {
        auto next = next_due();
        if (!next) next = next_new();
        if (!next || !serve(*next)) break;
    }
    beat();
}

void SimConsumer::expire() {
    const auto over = [this](const Waiting& waiting) { return waiting.expires <= scheduler_.now(); };
    for (const auto& waiting : waiting_) {
        if (over(waiting)) send_status(waiting, 408, "Request Timeout");
    }
    std::erase_if(waiting_, over);
}

void SimConsumer::beat() {
    for (auto& waiting : waiting_) {
        const auto every = waiting.request.heartbeat;
        if (every <= Duration::zero() || waiting.idle_since + every > scheduler_.now()) continue;
        waiting.idle_since = scheduler_.now();
        send_status(waiting, 100, "Idle Heartbeat");
        wake_at(scheduler_.now() + every);
    }
}

bool SimConsumer::wants(std::uint64_t sequence) const {
    const auto& message = stream_.at(sequence);
    return !message.gone && subject_matches(config_.filter, message.subject);
}

std::optional<std::uint64_t> SimConsumer::next_due() {
    std::optional<std::uint64_t> next;
    for (auto at = pending_.begin(); at != pending_.end();) {
        if (at->second.due > scheduler_.now()) {
            ++at;
        } else if (config_.max_deliver > 0 && at->second.count >= static_cast<std::uint64_t>(config_.max_deliver)) {
            given_up_.push_back(at->first);
            at = pending_.erase(at);
        } else {
            if (!next || at->second.due < pending_[*next].due) next = at->first;
            ++at;
        }
    }
    return next;
}

std::optional<std::uint64_t> SimConsumer::next_new() {
    if (pending_.size() >= config_.max_ack_pending) return std::nullopt;
    while (cursor_ < stream_.last_sequence()) {
        if (wants(cursor_ + 1)) return cursor_ + 1;
        ++cursor_;
    }
    return std::nullopt;
}

// Hands one message to the request whose turn it is. False when that request could not take it and none is left.
bool SimConsumer::serve(std::uint64_t sequence) {
    const auto& message = stream_.at(sequence);
    const auto size = message.subject.size() + size_of(message.headers, message.payload);
    Waiting waiting = waiting_.front();
    waiting_.pop_front();
    if (waiting.request.max_bytes > 0 && size > waiting.bytes_left) {
        send_status(waiting, 409, "Message Size Exceeds MaxBytes");
        return !waiting_.empty();
    }
    auto& pending = pending_[sequence];
    pending.due = scheduler_.now() + config_.ack_wait;
    ++pending.count;
    wake_at(pending.due);
    cursor_ = std::max(cursor_, sequence);
    delivered_ = std::max(delivered_, sequence);
    last_active_ = scheduler_.server_now();
    const Delivered delivered{sequence,      ++consumer_sequence_, pending.count,
                              undelivered(), stream_.created(),    config_.name};
    if (auto* sink = sink_of_(waiting.client)) sink->deliver(waiting.request, delivered, message);
    waiting.bytes_left -= std::min(waiting.bytes_left, size);
    waiting.idle_since = scheduler_.now();
    if (--waiting.left > 0) {
        if (waiting.request.heartbeat > Duration::zero()) wake_at(scheduler_.now() + waiting.request.heartbeat);
        waiting_.push_back(waiting);
    }
    return true;
}

void SimConsumer::send_status(const Waiting& waiting, int code, std::string description) {
    if (auto* sink = sink_of_(waiting.client)) sink->status(waiting.request, code, std::move(description));
}

std::uint64_t SimConsumer::ack_floor() const { return pending_.empty() ? delivered_ : pending_.begin()->first - 1; }

std::vector<std::uint64_t> SimConsumer::pending() const {
    std::vector<std::uint64_t> sequences;
    for (const auto& [sequence, pending] : pending_) sequences.push_back(sequence);
    return sequences;
}

std::optional<SimConsumer::Wait> SimConsumer::waits(std::uint64_t sequence) const {
    const auto found = pending_.find(sequence);
    if (found == pending_.end()) return std::nullopt;
    return Wait{found->second.due, found->second.count};
}

std::optional<std::uint64_t> SimConsumer::oldest_pending() const {
    if (pending_.empty()) return std::nullopt;
    return pending_.begin()->first;
}

std::optional<std::uint64_t> SimConsumer::oldest_unacked() const {
    if (const auto oldest = oldest_pending()) return oldest;
    for (auto at = cursor_ + 1; at <= stream_.last_sequence(); ++at) {
        if (wants(at)) return at;
    }
    return std::nullopt;
}

std::uint64_t SimConsumer::undelivered() const {
    std::uint64_t count = 0;
    for (auto at = cursor_ + 1; at <= stream_.last_sequence(); ++at) {
        if (wants(at)) ++count;
    }
    return count;
}

}  // namespace millrace::sim
