// Inherit: an outbox that another owner committed, as the outputs of this configuration.
//
// Within a generation the two are the same, but for what may change at any time: a summary that is not wanted any more
// is left out. In another generation aggregates may have come, gone and changed places; an entry says by its subject
// where it belongs.
//
// Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/settings/settings.h"
#include "bridge/state/head.h"

namespace millrace::engine {

struct Inherited {
    std::vector<state::OutboxEntry> entries;
    // By Output, known before the first attempt of any entry: `last`, or less where an entry says so.
    std::vector<std::uint64_t> base;
};

// `base` is that of the entries, by their outputs; `last` is what the streams of our outputs end with. An error is the
// subject of an entry that no output of ours has.
Result<Inherited> inherit(const settings::Pipeline& pipeline, std::vector<state::OutboxEntry> entries,
                          const std::vector<std::uint64_t>& base, const std::vector<std::uint64_t>& last);

}  // namespace millrace::engine
