// Turns: how much of the endpoint's time each tenant has had, and so whose turn it is.
//
// Start-time fair queueing: what a tenant's request takes at the endpoint is added to what the tenant has had; next is
// who has had the least. Before a request is back, what requests take in the mean stands for it. A tenant that had
// nothing to ask for a while starts level with the one served last: it is owed nothing for its silence.
//
// Thread: one engine's. Bound: of tenants, those ahead of the one served last; the others are forgotten.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

#include "bridge/base/time.h"

namespace millrace::engine {

class Turns {
  public:
    // What the tenant has had; comparable between tenants.
    [[nodiscard]] Duration had(const std::string& tenant) const {
        const auto found = had_.find(tenant);
        return found == had_.end() ? level_ : std::max(level_, found->second);
    }
    // The same, not levelled: what was served of the tenant itself.
    [[nodiscard]] Duration itself(const std::string& tenant) const {
        const auto found = had_.find(tenant);
        return found == had_.end() ? Duration::zero() : found->second;
    }
    // What a request takes, about.
    [[nodiscard]] Duration usual() const { return usual_; }

    // A request of the tenant leaves; gives what was charged for it, to be handed to `landed`.
    Duration launched(const std::string& tenant) {
        const Duration before = had(tenant);
        level_ = before;
        had_[tenant] = before + usual_;
        if (had_.size() > kSweepFrom) sweep();
        return usual_;
    }
    void landed(const std::string& tenant, Duration charged, Duration took) {
        had_[tenant] = std::max(Duration::zero(), had(tenant) + took - charged);
        usual_ += (took - usual_) / 8;
    }

  private:
    static constexpr std::size_t kSweepFrom = 1024;

    void sweep() {
        std::erase_if(had_, [this](const auto& each) { return each.second <= level_; });
    }

    std::map<std::string, Duration> had_;
    Duration level_{};  // of the tenant served last, before that
    Duration usual_ = std::chrono::milliseconds(1);
};

}  // namespace millrace::engine
