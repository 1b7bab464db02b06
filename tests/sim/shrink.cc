#include "tests/sim/shrink.h"

#include <utility>

#include "tests/sim/fault_class.h"

namespace millrace::sim {
namespace {

class Shrinker {
  public:
    Shrinker(std::uint64_t seed, Edits edits, const std::function<std::string(const Plan&)>& broken)
        : seed_(seed), best_(std::move(edits)), broken_(broken), promise_(broken(best_.plan(seed))) {}

    Edits shrink() {
        while (take_faults() | fewer(&Edits::replicas, best_.plan(seed_).replicas) |
               fewer(&Edits::tenants, best_.plan(seed_).tenants.size()) |
               fewer(&Edits::events, best_.plan(seed_).events) |
               fewer(&Edits::seconds,
                     static_cast<std::uint64_t>(best_.plan(seed_).troubled_for / std::chrono::seconds(1)))) {
        }
        return best_;
    }

  private:
    bool keeps(Edits tried) {
        if (broken_(tried.plan(seed_)) != promise_) return false;
        best_ = std::move(tried);
        return true;
    }

    bool take_faults() {
        bool any = false;
        for (const auto& one : fault_classes()) {
            if (Plan plan = best_.plan(seed_); !one.take(plan)) continue;
            Edits tried = best_;
            tried.without.emplace_back(one.name);
            any = keeps(std::move(tried)) || any;
        }
        return any;
    }

    // The smallest of a half, a fifth less and one less that still breaks it, again and again.
    bool fewer(std::optional<std::uint64_t> Edits::* what, std::uint64_t now) {
        bool any = false;
        for (bool smaller = true; smaller;) {
            smaller = false;
            for (const auto next : {now / 2, now - now / 5, now - 1}) {
                if (next == 0 || next >= now) continue;
                Edits tried = best_;
                tried.*what = next;
                if (!keeps(std::move(tried))) continue;
                now = next;
                any = smaller = true;
                break;
            }
        }
        return any;
    }

    std::uint64_t seed_;
    Edits best_;
    const std::function<std::string(const Plan&)>& broken_;
    std::string promise_;
};

}  // namespace

Edits shrink(std::uint64_t seed, Edits edits, const std::function<std::string(const Plan&)>& broken) {
    return Shrinker(seed, std::move(edits), broken).shrink();
}

}  // namespace millrace::sim
