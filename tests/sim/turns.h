// Turns: when a replica turns: when it is woken or due, one turn after the other, and never while it is frozen.
//
// Lifetime: what it calls outlives it; it is stopped before that is gone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "tests/sim/scheduler.h"

namespace millrace::sim {

class Turns {
  public:
    // Calls `turn` for each, from `start` to `stop`; what wakes it before or after is not heard.
    Turns(Scheduler& scheduler, std::function<void()> turn) : scheduler_(scheduler), turn_(std::move(turn)) {}

    void start() {
        running_ = true;
        wake();
    }
    void stop() { running_ = false; }
    void wake() { at(scheduler_.now()); }
    // At `when`, or before if it is woken.
    void at(Time when) {
        when = std::max({when, frozen_until_, scheduler_.now() + kTakes});
        if (!running_ || when >= next_) return;
        next_ = when;
        scheduler_.at(when, [this, number = ++number_] {
            if (running_ && number == number_) run();
        });
    }

    // Requires: not before `frozen_until`.
    void freeze(Time until) {
        frozen_until_ = until;
        next_ = kNever;
        at(frozen_until_);
    }
    [[nodiscard]] Time frozen_until() const { return frozen_until_; }
    // Asked once a turn: more of them within a second than any work takes.
    [[nodiscard]] bool spins() {
        if (scheduler_.now() - busy_since_ > std::chrono::seconds(1)) {
            busy_since_ = scheduler_.now();
            since_ = 0;
            return false;
        }
        return ++since_ > kMostPerSecond;
    }

  private:
    static constexpr Duration kTakes = std::chrono::microseconds(50);
    static constexpr std::uint64_t kMostPerSecond = 15'000;

    void run() {
        next_ = kNever;
        scheduler_.now() < frozen_until_ ? at(frozen_until_) : turn_();
    }

    Scheduler& scheduler_;
    std::function<void()> turn_;
    bool running_ = false;
    Time next_ = kNever;
    std::uint64_t number_ = 0;
    Time frozen_until_{};
    Time busy_since_{};
    std::uint64_t since_ = 0;
};

}  // namespace millrace::sim
