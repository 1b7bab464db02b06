// Why a run that should have come to its end has not: for the first events that are not settled, where their message
// is, who had it last and what it was answered; then what every replica and consumer is at.
#pragma once

#include <string>

#include "tests/sim/world.h"

namespace millrace::sim {

std::string why_stuck(World& world);

}  // namespace millrace::sim
