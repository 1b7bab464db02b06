// Rendering: what an owned partition publishes, as bytes. They are fixed before they are committed, so that whoever
// publishes them after a crash publishes the same.
//
// And back: what is stored of an event may count although it was computed by somebody else (SEMANTICS C8).
//
// Pure. Implemented by the shard, which knows codec/; called while the engine steps.
#pragma once

#include <optional>
#include <string>

#include "bridge/base/event.h"
#include "bridge/base/fate.h"
#include "bridge/base/stream.h"
#include "bridge/state/head.h"
#include "bridge/windows/windows.h"

namespace millrace::engine {

class Rendering {
  public:
    virtual ~Rendering() = default;

    [[nodiscard]] virtual state::OutboxEntry aggregate(Partition partition, const windows::Closed& closed) const = 0;
    // For an aggregate that has a bucket: its group's entry there.
    [[nodiscard]] virtual state::OutboxEntry summary(Partition partition, const windows::Closed& closed) const = 0;
    // For an event with a fault or a verdict.
    [[nodiscard]] virtual state::OutboxEntry dead_letter(const Delivery& delivery, const Event& event) const = 0;
    // For an event that goes past the model.
    [[nodiscard]] virtual state::OutboxEntry bypassed(const Delivery& delivery, const Event& event) const = 0;
    // For an event that missed its windows (late, early), where such copies are asked for.
    [[nodiscard]] virtual state::OutboxEntry late(const Delivery& delivery, const Event& event, Fate fate) const = 0;

    // Where the results of a tenant go.
    [[nodiscard]] virtual std::string result_subject(Partition partition, const std::string& tenant) const = 0;
    // Which results a message holds; nothing when they are not the partition's, or of another generation.
    [[nodiscard]] virtual std::optional<StoredRun> results_in(Partition partition,
                                                              const StreamMessage& message) const = 0;

    // Puts into the event's settlement what a stored message says of it; false when it says nothing.
    virtual bool read_back(const StreamMessage& message, const Delivery& delivery, Event& event) const = 0;
    // Adds to the event's values those of its score, where any is wanted.
    virtual void add_score_values(Event& event) const = 0;
};

}  // namespace millrace::engine
