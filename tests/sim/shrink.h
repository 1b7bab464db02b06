// Shrinker: cuts a failing plan down to a smaller one that breaks the same promise: fewer kinds of faults, events,
// replicas, tenants, less time. Greedy, until nothing more can go. Each try is a whole run; a failing run ends early.
#pragma once

#include <functional>
#include <string>

#include "tests/sim/edits.h"

namespace millrace::sim {

// `broken` runs a plan and gives the name of the promise it breaks, or nothing.
Edits shrink(std::uint64_t seed, Edits edits, const std::function<std::string(const Plan&)>& broken);

}  // namespace millrace::sim
