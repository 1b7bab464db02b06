// Edits: how a seed's plan is cut down, by hand or by the shrinker. Its text is the command line that makes the same
// plan again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/plan.h"

namespace millrace::sim {

struct Edits {
    bool owned = false;                // Plan::owned_of
    bool plain = false;                // Plan::plain
    bool strict = false;               // Plan::strict
    std::vector<std::string> without;  // fault classes
    std::optional<std::uint64_t> events;
    std::optional<std::uint64_t> replicas;
    std::optional<std::uint64_t> tenants;
    std::optional<std::uint64_t> seconds;  // of trouble

    [[nodiscard]] Plan plan(std::uint64_t seed) const;
    [[nodiscard]] std::string text(std::uint64_t seed) const;
};

}  // namespace millrace::sim
