// Chooser: which of several addresses a request goes to. In order of preference, or by weights: smoothly, so that of
// weights 3 and 1 every fourth request goes to the second, and no four in a row to the first and then four to the
// other.
//
// Thread: one engine's. Deterministic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "bridge/settings/settings.h"

namespace millrace::engine {

class Chooser {
  public:
    Chooser(settings::Selection selection, std::vector<std::uint32_t> weights)
        : selection_(selection), weights_(std::move(weights)), owed_(weights_.size()) {}

    // The one whose turn it is, of those that are `up`; nothing when it is not `free`. The first of them by preference,
    // which is waited for while it is busy; by weights of those that are free.
    template <typename Up, typename Free>
    [[nodiscard]] std::optional<std::size_t> choose(Up up, Free free) const {
        std::optional<std::size_t> best;
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            if (!up(i)) continue;
            if (selection_ == settings::Selection::failover) return free(i) ? std::optional(i) : std::nullopt;
            if (free(i) && (!best || owed_[i] + weights_[i] > owed_[*best] + weights_[*best])) best = i;
        }
        return best;
    }
    // It was chosen, and is asked. Those that were not free are owed nothing for it.
    template <typename Free>
    void asked(std::size_t chosen, Free free) {
        std::int64_t all = 0;
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            if (!free(i)) continue;
            owed_[i] += weights_[i];
            all += weights_[i];
        }
        owed_[chosen] -= all;
    }

  private:
    settings::Selection selection_;
    std::vector<std::uint32_t> weights_;
    std::vector<std::int64_t> owed_;  // in weights; positive: it got less than its share
};

}  // namespace millrace::engine
