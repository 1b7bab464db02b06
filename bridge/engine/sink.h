// Sink: how the outputs take what is published.
//
// Trouble (no leader, no responders, permissions) stops sending for a back-off, then lets one through at a time until
// one is stored. Everything in flight fails together; that counts once.
//
// Thread: one engine's. Time: told.
#pragma once

#include <string>

#include "bridge/base/ids.h"
#include "bridge/base/random.h"
#include "bridge/base/result.h"
#include "bridge/engine/backoff.h"

namespace millrace::engine {

class Sink {
  public:
    explicit Sink(std::uint64_t seed) : random_(seed) {}

    void took() {
        failures_ = 0;
        untried_ = false;
        trouble_.clear();
    }
    void failed(const Error& error, Time now) {
        const bool passing = error.code == ErrorCode::unavailable;
        last_error_ = error.text;
        if (!passing) trouble_ = error.text;
        if (now < not_before_) return;
        not_before_ = now + backoff(passing ? kAgain : kAgainMisconfigured, ++failures_, random_);
    }
    // Nothing is left to try the outputs with: what was wrong with them is old news.
    void nothing_left() {
        if (failures_ == 0) return;
        failures_ = 0;
        trouble_.clear();
        untried_ = true;
    }

    [[nodiscard]] bool may_send(Time now) const { return now >= not_before_; }
    // One at a time, please.
    [[nodiscard]] bool is_in_doubt() const { return failures_ > 0 || untried_; }
    // Why the outputs refuse us as we are set up; empty since the last publication that was stored.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    // The same, or what has failed again and again; for people.
    [[nodiscard]] const std::string& complaint() const {
        return trouble_.empty() && failures_ >= kComplainAfter ? last_error_ : trouble_;
    }
    // There was trouble, and nothing is left to find out with whether it is over: no trouble, but care.
    [[nodiscard]] bool untried() const { return untried_; }
    [[nodiscard]] Time again_at() const { return not_before_; }

  private:
    static constexpr BackoffRule kAgain{std::chrono::milliseconds(100), std::chrono::seconds(5)};
    static constexpr BackoffRule kAgainMisconfigured{std::chrono::seconds(4), std::chrono::seconds(30)};
    static constexpr std::uint32_t kComplainAfter = 3;  // failures in a row

    Random random_;
    std::uint32_t failures_ = 0;
    Time not_before_{};
    bool untried_ = false;
    std::string trouble_;
    std::string last_error_;
};

}  // namespace millrace::engine
