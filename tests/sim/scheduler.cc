#include "tests/sim/scheduler.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {

void Scheduler::at(Time when, Action action) {
    when = std::max(when, now_);
    if (const auto over = when.time_since_epoch() % grid_; over > Duration::zero()) when += grid_ - over;
    queue_.push(Entry{when, asked_++, std::move(action)});
}

void Scheduler::explore(Chooser& chooser, std::uint32_t orders, Duration grid) {
    chooser_ = &chooser;
    orders_ = orders;
    grid_ = grid;
}

bool Scheduler::run_one(Time limit) {
    if (queue_.empty() || queue_.top().when > limit) {
        if (limit != kNever) now_ = std::max(now_, limit);
        return false;
    }
    const Entry entry = chooser_ == nullptr ? pop() : choose();
    now_ = entry.when;
    ++ran_;
    entry.action();
    return true;
}

// The queue only hands out const references; the entry is popped before it is looked at again.
Scheduler::Entry Scheduler::pop() {
    Entry entry = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    return entry;
}

Scheduler::Entry Scheduler::choose() {
    std::vector<Entry> due;
    while (due.size() < orders_ && !queue_.empty() && (due.empty() || queue_.top().when == due.front().when)) {
        due.push_back(pop());
    }
    const auto which = chooser_->deviate(static_cast<std::uint32_t>(due.size()));
    Entry chosen = std::move(due[which]);
    for (std::size_t n = 0; n < due.size(); ++n) {
        if (n != which) queue_.push(std::move(due[n]));
    }
    return chosen;
}

}  // namespace millrace::sim
