// Which values a Sample carries, in which order: the distinct operands of all aggregates, group_by before select, as
// they first come.
#pragma once

#include <span>
#include <vector>

#include "bridge/base/aggregate.h"

namespace millrace::windows {

std::vector<Operand> operands(std::span<const Aggregate> aggregates);

// A group_by field as the operand it is.
Operand group_operand(const std::string& field);

}  // namespace millrace::windows
