// What a closed window says.
#pragma once

#include <vector>

#include "bridge/windows/frames.h"
#include "bridge/windows/group.h"
#include "bridge/windows/sample.h"

namespace millrace::windows {

std::vector<Value> group_values(const Group& group);

// Appends the window to `out`, if it meets the conditions of its aggregate.
void emit(const Group& group, const Cut& cut, const Tally& tally, std::vector<Closed>& out);

// A null meets none, and neither do values of different types.
bool meets(const Condition& condition, const Value& value);

}  // namespace millrace::windows
