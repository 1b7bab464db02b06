// Retry: when to ask a stream's leader again after an error, and what to tell people meanwhile. What passes by itself
// is tried again soon; what a person must mend, more patiently.
//
// Thread: one engine's. Time: told.
#pragma once

#include <cstdint>
#include <string>

#include "bridge/base/random.h"
#include "bridge/base/result.h"
#include "bridge/engine/backoff.h"

namespace millrace::engine {

class Retry {
  public:
    explicit Retry(std::uint64_t seed) : random_(seed) {}

    // When to ask again.
    Time failed(const Error& error, Time now) {
        const bool passing = error.code == ErrorCode::unavailable;
        trouble_ = passing ? std::string() : error.text;
        return now + backoff(passing ? kAgain : kAgainMisconfigured, ++failures_, random_);
    }
    void succeeded() {
        failures_ = 0;
        trouble_.clear();
    }
    [[nodiscard]] bool is_failing() const { return failures_ > 0; }
    // Why it cannot be answered as we are set up; empty when nothing is known to be in the way.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    static constexpr BackoffRule kAgain{std::chrono::milliseconds(200), std::chrono::seconds(5)};
    static constexpr BackoffRule kAgainMisconfigured{std::chrono::seconds(4), std::chrono::seconds(30)};

    Random random_;
    std::uint32_t failures_ = 0;
    std::string trouble_;
};

}  // namespace millrace::engine
