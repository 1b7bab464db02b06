// Summary: whether what a summary bucket holds of a key makes an entry of the outbox superfluous.
//
// Told by headers: Millrace-Generation, and Millrace-Window-End in its one form of nine decimals, whose order as text
// is that of time. In one generation a group has one window with a given end, so that nothing equal is different. What
// has no such headers is older than everything: what a person put there, and what marks a key as deleted.
//
// Pure.
#pragma once

#include <vector>

#include "bridge/base/event.h"
#include "bridge/state/head.h"

namespace millrace::engine {

// `stored` are the headers of the last message of the entry's subject. Of an equal (generation, end) as well.
bool is_superseded(const state::OutboxEntry& entry, const std::vector<Header>& stored);

}  // namespace millrace::engine
