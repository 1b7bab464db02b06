// Random: a small seeded generator (SplitMix64), so that jitter is repeatable in the simulator. Not for secrets.
#pragma once

#include <cstdint>

#include "bridge/base/time.h"

namespace millrace {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15ull;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    // Uniform in [0, limit]. Requires: limit not negative.
    Duration below(Duration limit) {
        return Duration(static_cast<Duration::rep>(next() % (static_cast<std::uint64_t>(limit.count()) + 1)));
    }

  private:
    std::uint64_t state_;
};

}  // namespace millrace
