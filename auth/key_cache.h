// When to fetch an identity provider's keys, and how long the ones at hand are good. Pure: the caller fetches.
//
// Fetched at first, every kRefresh after, and when a token names a key that is not there (the provider has a new one),
// but never more often than every kBetween, so that tokens with made-up keys cannot turn into requests to the provider.
// Keys stay in use while fetching fails, kStale at most.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "auth/jwks.h"
#include "bridge/base/time.h"

namespace millrace::auth {

class KeyCache {
  public:
    static constexpr Duration kRefresh = std::chrono::minutes(60);
    static constexpr Duration kBetween = std::chrono::seconds(30);
    static constexpr Duration kStale = std::chrono::hours(24);

    // Nothing: no token can be judged now.
    [[nodiscard]] const KeySet* keys(Time now) const { return keys_ && now < fetched_at_ + kStale ? &*keys_ : nullptr; }
    // A token named a key that is not there.
    void miss() { missed_ = true; }
    [[nodiscard]] bool wants_fetch(Time now) const {
        const bool due = !keys_ || missed_ || now >= fetched_at_ + kRefresh;
        return due && !fetching_ && (!begun_at_ || now >= *begun_at_ + (keys_ ? kBetween : kFirst));
    }
    [[nodiscard]] bool fetching() const { return fetching_; }

    void begin(Time now) {
        fetching_ = true;
        begun_at_ = now;
    }
    // Nothing: it failed.
    void end(std::optional<KeySet> keys, Time now) {
        fetching_ = false;
        missed_ = false;
        if (!keys) return;
        keys_ = std::move(keys);
        fetched_at_ = now;
    }

  private:
    static constexpr Duration kFirst = std::chrono::seconds(2);  // between attempts while there are no keys at all

    std::optional<KeySet> keys_;
    Time fetched_at_{};
    std::optional<Time> begun_at_;
    bool fetching_ = false;
    bool missed_ = false;
};

}  // namespace millrace::auth
