// Rendering: what an owned partition publishes, as bytes. They are fixed before they are committed, so that whoever
// publishes them after a crash publishes the same.
//
// Pure. Implemented by the shard, which knows codec/; called while the engine steps.
#pragma once

#include "bridge/base/event.h"
#include "bridge/base/fate.h"
#include "bridge/state/head.h"
#include "bridge/windows/windows.h"

namespace millrace::engine {

class Rendering {
  public:
    virtual ~Rendering() = default;

    [[nodiscard]] virtual state::OutboxEntry aggregate(Partition partition, const windows::Closed& closed) const = 0;
    // For an event with a fault.
    [[nodiscard]] virtual state::OutboxEntry dead_letter(const Delivery& delivery, const Event& event) const = 0;
    // For an event that missed its windows (late, early), where such copies are asked for.
    [[nodiscard]] virtual state::OutboxEntry late(const Delivery& delivery, const Event& event, Fate fate) const = 0;
};

}  // namespace millrace::engine
