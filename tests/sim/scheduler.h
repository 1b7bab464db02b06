// Scheduler: virtual time. A queue of things to do, ordered by when and then by when they were asked for; running one
// moves the clock to its time. Nothing else in the simulator knows what time it is.
//
// Thread: one. Bound: none; whoever schedules in a loop ends it.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "bridge/base/time.h"
#include "tests/sim/chooser.h"

namespace millrace::sim {

// Virtual time zero on the server's wall clock.
inline constexpr ServerTime kServerEpoch{std::chrono::seconds(1'760'000'000)};

class Scheduler {
  public:
    using Action = std::function<void()>;

    [[nodiscard]] Time now() const { return now_; }
    [[nodiscard]] ServerTime server_now() const { return kServerEpoch + now_.time_since_epoch() + server_ahead_; }
    // The server's wall clock is set.
    void step_server_clock(Duration by) { server_ahead_ += by; }

    void at(Time when, Action action);
    void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

    // From now on time is laid on a grid, and of up to `orders` actions due at one time the chooser says which is next.
    void explore(Chooser& chooser, std::uint32_t orders, Duration grid);

    // Runs the next action that is due by `limit`; false when there is none, and the clock then stands at `limit`.
    bool run_one(Time limit = kNever);
    void run_until(Time limit) {
        while (run_one(limit)) {
        }
    }
    [[nodiscard]] std::uint64_t ran() const { return ran_; }

  private:
    struct Entry {
        Time when;
        std::uint64_t number;
        Action action;
    };
    struct Later {
        bool operator()(const Entry& a, const Entry& b) const {
            return a.when != b.when ? a.when > b.when : a.number > b.number;
        }
    };

    Entry pop();
    Entry choose();

    Chooser* chooser_ = nullptr;
    std::uint32_t orders_ = 1;
    Duration grid_{1};
    Time now_{};
    Duration server_ahead_{};
    std::uint64_t asked_ = 0;
    std::uint64_t ran_ = 0;
    std::priority_queue<Entry, std::vector<Entry>, Later> queue_;
};

}  // namespace millrace::sim
