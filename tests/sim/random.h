// Random: one small seeded stream of numbers per subsystem of the simulator.
//
// Each subsystem has a stream of its own, made from the run's seed and the subsystem's name, so that one more draw in
// one place does not shift what all the others see. The generator is SplitMix64: tiny, fast, and good enough to choose
// faults with. Value type; two with the same seed and name give the same numbers on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bridge/base/time.h"

namespace millrace::sim {

class Random {
  public:
    Random(std::uint64_t seed, std::string_view subsystem) : state_(seed * 0x9E3779B97F4A7C15ull) {
        for (const char c : subsystem) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
        next();
    }

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }

    // 0 … bound - 1. Requires: bound > 0.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    // low … high, both included.
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    Duration between(Duration low, Duration high) {
        return Duration(static_cast<Duration::rep>(
            between(static_cast<std::uint64_t>(low.count()), static_cast<std::uint64_t>(high.count()))));
    }
    double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    // Draws even when the probability is zero, so that healing a fault does not shift the stream.
    bool chance(double probability) { return fraction() < probability; }

    template <typename Container>
    const auto& pick(const Container& from) {
        return from[static_cast<std::size_t>(below(from.size()))];
    }

  private:
    std::uint64_t state_;
};

}  // namespace millrace::sim
