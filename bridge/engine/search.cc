#include "bridge/engine/search.h"

#include <algorithm>

#include "bridge/engine/backoff.h"

namespace millrace::engine {

namespace {
constexpr BackoffRule kAgain{std::chrono::milliseconds(200), std::chrono::seconds(10)};
constexpr std::uint32_t kMostPatient = 6;    // doublings
constexpr std::uint32_t kComplainAfter = 3;  // passing failures in a row
}  // namespace

void Search::want_recovery(Partition partition, const Find& find) {
    // The one in front may be running for an older bind; its answer must not count for the new one.
    if (running_ == Running::recovery && wanted_.front().first == partition) {
        running_ = Running::nothing;
        due_ = Time{};
    }
    std::erase_if(wanted_, [&](const auto& wish) { return wish.first == partition; });
    wanted_.emplace_back(partition, find);
}

bool Search::wants(Partition partition) const {
    return std::ranges::any_of(wanted_, [&](const auto& wish) { return wish.first == partition; });
}

void Search::pump(Time now, bool connected, Effects& out) {
    if (running_ != Running::nothing && now >= due_)
        failed({ErrorCode::unavailable, "the search for stored results does not end"}, now);
    if (running_ != Running::nothing || !connected || now < due_) return;
    std::optional<Find> find;
    // After a failure the two kinds take turns.
    const bool unsure_first = wanted_.empty() || failures_ % 2 == 1;
    if (unsure_first && (find = commit_.want_search())) {
        running_ = Running::unsure;
    } else if (!wanted_.empty()) {
        find = wanted_.front().second;
        running_ = Running::recovery;
    }
    if (!find) {
        trouble_.clear();  // nothing is left that a search is needed for
        return;
    }
    find->number = ++number_;
    due_ = now + kAnswerWithin * (1u << std::min(failures_, kMostPatient));
    out.emplace_back(*find);
}

std::optional<Partition> Search::found(const Found& found, Time now, Effects& out) {
    if (running_ == Running::nothing || found.number != number_) return std::nullopt;
    if (found.error) {
        failed(*found.error, now);
        return std::nullopt;
    }
    failures_ = 0;
    trouble_.clear();
    due_ = now;
    if (std::exchange(running_, Running::nothing) == Running::unsure) {
        commit_.searched(found, out);
        return std::nullopt;
    }
    const Partition partition = wanted_.front().first;
    known_[partition] = {found.by_identity(), found.runs};
    wanted_.pop_front();
    return partition;
}

void Search::disconnected(Time now) {
    if (running_ != Running::nothing) failed({ErrorCode::unavailable, "disconnected"}, now);
}

void Search::failed(const Error& error, Time now) {
    if (std::exchange(running_, Running::nothing) == Running::unsure) {
        Effects none;
        commit_.searched(Found{number_, {}, error}, none);
    } else {
        std::ranges::rotate(wanted_, std::next(wanted_.begin()));
    }
    if (error.code != ErrorCode::unavailable || failures_ + 1 >= kComplainAfter) trouble_ = error.text;
    due_ = now + backoff(kAgain, ++failures_, random_);
}

std::optional<OutputPlace> Search::place_of(Partition partition, const Identity& identity) const {
    const auto known = known_.find(partition);
    if (known == known_.end()) return std::nullopt;
    const auto found = known->second.places.find(identity);
    return found == known->second.places.end() ? std::nullopt : std::optional(found->second);
}

std::optional<OutputPlace> Search::place_of(const StoredRun& among, const Identity& identity, EventPlace place) const {
    if (auto by_itself = place_of(among.partition, identity)) return by_itself;
    const auto known = known_.find(among.partition);
    if (known == known_.end()) return std::nullopt;
    const auto run = std::ranges::find_if(known->second.runs, [&](const StoredRun& each) {
        return each.generation == among.generation && each.partition == among.partition &&
               each.tenant == among.tenant && each.first <= place && place <= each.last;
    });
    return run == known->second.runs.end() ? std::nullopt : std::optional(run->place);
}

void Search::forget(const Delivery& delivery) {
    const auto known = known_.find(delivery.partition);
    if (known == known_.end()) return;
    for (const Event& event : delivery.events) known->second.places.erase(event.id);
}

Time Search::next_due(Time now) const { return due_ > now ? due_ : kNever; }

}  // namespace millrace::engine
