#include "bridge/engine/recall.h"

#include <algorithm>
#include <utility>

namespace millrace::engine {

void Recall::pump(Time now, bool connected, Effects& out) {
    while (!asked_.empty() && now >= asked_.begin()->second.due) {
        wanted_.push_back(asked_.begin()->second.wish);
        asked_.erase(asked_.begin());
    }
    if (!connected || now < not_before_) return;
    const std::size_t most = retry_.is_failing() ? 1 : kMostUnanswered;
    while (!wanted_.empty() && asked_.size() < most) {
        const Wish wish = wanted_.front();
        wanted_.pop_front();
        asked_.emplace(++number_, Asked{wish, now + kAnswerWithin});
        Read read;
        read.number = number_;
        read.partition = wish.partition;
        read.from = Read::From::output;
        read.output = wish.place.output;
        read.which = Read::Which::at;
        read.sequence = wish.place.sequence;
        out.emplace_back(std::move(read));
    }
}

std::optional<EventRef> Recall::got(const GotMessage& got, Time now) {
    const auto found = asked_.find(got.number);
    if (found == asked_.end()) return std::nullopt;
    const Wish wish = found->second.wish;
    asked_.erase(found);
    if (got.error) {
        not_before_ = retry_.failed(*got.error, now);
        wanted_.push_back(wish);
        return std::nullopt;
    }
    retry_.succeeded();
    return wish.event;
}

void Recall::disconnected() {
    for (const auto& [number, asked] : asked_) wanted_.push_back(asked.wish);
    asked_.clear();
}

void Recall::forget(EventRef event) {
    std::erase_if(wanted_, [&](const Wish& wish) { return wish.event == event; });
    std::erase_if(asked_, [&](const auto& entry) { return entry.second.wish.event == event; });
}

void Recall::clear() {
    wanted_.clear();
    asked_.clear();
}

Time Recall::next_due(Time now) const {
    Time due = kNever;
    if (!wanted_.empty() && not_before_ > now) due = not_before_;
    if (!asked_.empty() && asked_.begin()->second.due > now) due = std::min(due, asked_.begin()->second.due);
    return due;
}

}  // namespace millrace::engine
