// Ceiling: how many bytes of rows one address takes in a request, as it teaches by 413.
//
// After a refusal requests have half as many bytes. A 413 need not be about size: where as much was scored, it is held
// against the event (once for each size, as limits change). And limits rise: after many requests twice as much is
// tried, so that one in a hundred is refused at worst. Each address has its own; a batch that moves to one with a lower
// ceiling is refused there and split.
//
// Thread: one engine's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace millrace::engine {

class Ceiling {
  public:
    static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
    static constexpr std::uint32_t kTrial = 100;  // scored requests, after which more is tried

    // The most a request may have; kNone when nothing is known.
    [[nodiscard]] std::uint64_t bytes() const { return refused_ == kNone ? kNone : refused_ / 2; }

    // A request of several events was too large.
    void too_large(std::uint64_t bytes) {
        if (bytes <= most_scored_) {
            most_scored_ /= 2;
            return;
        }
        refused_ = std::min(refused_, bytes);
        scored_ = 0;
    }
    void scored(std::uint64_t bytes) {
        most_scored_ = std::max(most_scored_, bytes);
        if (refused_ == kNone) return;
        if (bytes >= refused_) {
            refused_ = kNone;
        } else if (++scored_ == kTrial) {
            refused_ = refused_ > kNone / 2 ? kNone : refused_ * 2;
            scored_ = 0;
        }
    }

  private:
    std::uint64_t refused_ = kNone;  // the least that was, for its size
    std::uint64_t most_scored_ = 0;  // in one request, or less
    std::uint32_t scored_ = 0;       // requests since the last refusal
};

}  // namespace millrace::engine
