// FaultClass: one thing in a Plan that makes a run harder, by name, so that it can be taken away: by the swarm that a
// seed draws, by hand (`sim --without crash,freeze`), by the shrinker. A new fault is a field of Plan and a row here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tests/sim/plan.h"

namespace millrace::sim {

struct FaultClass {
    std::string_view name;
    // Takes it away; true when it was there.
    bool (*take)(Plan&);
};

std::span<const FaultClass> fault_classes();
// Nothing for an unknown name.
const FaultClass* fault_class(std::string_view name);
// The names of those in the plan, separated by blanks.
std::string faults_in(const Plan& plan);

}  // namespace millrace::sim
