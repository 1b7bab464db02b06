#include "tests/sim/scheduler.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {

void Scheduler::at(Time when, Action action) { queue_.push(Entry{std::max(when, now_), asked_++, std::move(action)}); }

bool Scheduler::run_one(Time limit) {
    if (queue_.empty() || queue_.top().when > limit) {
        if (limit != kNever) now_ = std::max(now_, limit);
        return false;
    }
    // The queue only hands out const references; the entry is popped before it is looked at again.
    Entry entry = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    now_ = entry.when;
    ++ran_;
    entry.action();
    return true;
}

}  // namespace millrace::sim
