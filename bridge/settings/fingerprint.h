// The fingerprint of a pipeline: what its stored state and its aggregates mean (SEMANTICS E2). State that was written
// under another one is not carried on; a deliberate change takes a new generation.
//
// In it is what decides which events are in which window and what is computed and said of them. Not in it is tuning:
// how often, how much at once, where to; and where results go, since what is stored already has its subject. Pure.
#pragma once

#include "bridge/base/digest.h"
#include "bridge/settings/settings.h"

namespace millrace::settings {

Digest fingerprint(const Pipeline& pipeline);

// Of what the bytes of stored state are written by: partitions, windows, groups, functions, by name and in their order.
// State of another layout cannot be read at all. Pipelines of one fingerprint are of one layout.
Digest layout(const Pipeline& pipeline);

}  // namespace millrace::settings
