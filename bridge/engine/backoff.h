// How long to wait before trying again, and how many retries there may be.
//
// Backoff: capped exponential with full jitter: a uniform draw from [0, min(cap, base × 2^n)], so that many clients
// that failed together do not return together. RetryBudget: a token bucket shared by all retries to one endpoint;
// successes earn tokens, time earns a small floor, so an outage is met with a trickle instead of a storm.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bridge/base/random.h"
#include "bridge/base/time.h"

namespace millrace::engine {

struct BackoffRule {
    Duration base{};
    Duration cap{};
};

// `failures` counts from 1. At least a millisecond, so that a retry is never a spin.
inline Duration backoff(BackoffRule rule, std::uint32_t failures, Random& random) {
    Duration limit = rule.base;
    for (std::uint32_t i = 1; i < failures && limit < rule.cap; ++i) limit *= 2;
    return std::max<Duration>(std::chrono::milliseconds(1), random.below(std::min(limit, rule.cap)));
}

class RetryBudget {
  public:
    // One success in five pays a retry; without any, three a second.
    static constexpr double kPerSuccess = 0.2;
    static constexpr double kPerSecond = 3.0;
    static constexpr double kMost = 100.0;

    void succeeded() { tokens_ = std::min(kMost, tokens_ + kPerSuccess); }
    // Takes a token if there is one.
    bool take(Time now) {
        tokens_ = at(now);
        last_ = now;
        if (tokens_ < 1.0) return false;
        tokens_ -= 1.0;
        return true;
    }
    // When the next token is there.
    [[nodiscard]] Time next(Time now) const {
        const double tokens = at(now);
        if (tokens >= 1.0) return now;
        return now + Duration(static_cast<std::int64_t>((1.0 - tokens) / kPerSecond * 1e9) + 1);
    }

  private:
    [[nodiscard]] double at(Time now) const {
        if (last_ == Time{}) return tokens_;
        return std::min(kMost, tokens_ + std::chrono::duration<double>(now - last_).count() * kPerSecond);
    }

    double tokens_ = 10.0;
    Time last_{};
};

}  // namespace millrace::engine
