// StateReader: the stored state of one pipeline's partitions, read as an owner reads it before it claims: the chain of
// heads from the stream's leader, every link and digest checked, put together by the owner's own code.
//
// Thread: one; calls block. A partition may have an owner meanwhile: what is read is as one of its commits left it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bridge/app/state_door.h"
#include "bridge/base/result.h"
#include "bridge/codec/render.h"
#include "bridge/codec/score_reader.h"
#include "bridge/engine/applier.h"
#include "bridge/engine/chain.h"
#include "bridge/engine/numbers.h"
#include "bridge/engine/reading.h"
#include "bridge/settings/settings.h"
#include "bridge/shard/owned_rendering.h"
#include "bridge/state/head.h"

namespace millrace::app {

struct StoredHead {
    state::Head head;
    std::uint64_t sequence = 0;
    ServerTime stored_at{};
};

// Nobody may take over yet.
bool has_owner(const StoredHead& stored, ServerTime server_now, Duration lease);

struct StoredState {
    StoredHead last;  // without its content
    std::vector<state::OutboxEntry> outbox;
    // What the windows and the clock come to; nothing where the configuration means something else, so that it may
    // not be able to read them.
    std::unique_ptr<engine::Applier> applier;
    // Of the chain; zeros without `applier`.
    std::uint64_t base_bytes = 0;
    std::uint64_t delta_bytes = 0;
    std::uint32_t deltas = 0;
};

class StateReader {
  public:
    // Both outlive it and what it returns, as it does.
    StateReader(StateDoor& door, const settings::Pipeline& pipeline)
        : door_(door),
          pipeline_(pipeline),
          renderer_(pipeline),
          scores_(pipeline),
          rendering_(pipeline, renderer_, scores_) {}

    // Nothing where the partition has no state. Errors begin with a name and say what to do.
    Result<std::optional<StoredHead>> last(Partition partition);
    Result<std::optional<StoredState>> read(Partition partition);
    // Whether the configuration can read this content.
    Result<void> try_content(Partition partition, const state::Content& content) const;

  private:
    Result<StoredState> walk(Partition partition, const StoredHead& last);

    StateDoor& door_;
    const settings::Pipeline& pipeline_;
    const codec::Renderer renderer_;
    codec::ScoreReader scores_;
    const OwnedRendering rendering_;
};

}  // namespace millrace::app
