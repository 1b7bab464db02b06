#include "bridge/engine/search.h"

#include <algorithm>

#include "bridge/engine/backoff.h"

namespace millrace::engine {

namespace {
constexpr BackoffRule kAgain{std::chrono::milliseconds(200), std::chrono::seconds(10)};
}

void Search::want_recovery(Partition partition, const Find& find) {
    // The one in front may be running for an older bind; its answer must not count for the new one.
    if (running_ == Running::recovery && wanted_.front().first == partition) {
        running_ = Running::nothing;
        due_ = Time{};
    }
    std::erase_if(wanted_, [&](const auto& wish) { return wish.first == partition; });
    wanted_.emplace_back(partition, find);
}

void Search::pump(Time now, bool connected, Effects& out) {
    if (running_ != Running::nothing && now >= due_) failed(now);
    if (running_ != Running::nothing || !connected || now < due_) return;
    std::optional<Find> find;
    if (!wanted_.empty()) {
        find = wanted_.front().second;
        running_ = Running::recovery;
    } else if ((find = commit_.want_search())) {
        running_ = Running::unsure;
    }
    if (!find) return;
    find->number = ++number_;
    due_ = now + kAnswerWithin;
    out.emplace_back(*find);
}

std::optional<Partition> Search::found(const Found& found, Time now, Effects& out) {
    if (running_ == Running::nothing || found.number != number_) return std::nullopt;
    if (found.error) {
        failed(now);
        return std::nullopt;
    }
    failures_ = 0;
    due_ = now;
    if (std::exchange(running_, Running::nothing) == Running::unsure) {
        commit_.searched(found, out);
        return std::nullopt;
    }
    known_.insert(found.identities.begin(), found.identities.end());
    const Partition partition = wanted_.front().first;
    wanted_.pop_front();
    return partition;
}

void Search::disconnected(Time now) {
    if (running_ != Running::nothing) failed(now);
}

void Search::failed(Time now) {
    if (std::exchange(running_, Running::nothing) == Running::unsure) {
        Effects none;
        commit_.searched(Found{number_, {}, Error{ErrorCode::unavailable, "the search ended early"}}, none);
    }
    due_ = now + backoff(kAgain, ++failures_, random_);
}

Time Search::next_due(Time now) const { return due_ > now ? due_ : kNever; }

}  // namespace millrace::engine
