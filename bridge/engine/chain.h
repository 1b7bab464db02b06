// Chain: reads the state of an owned partition: the heads from the last base to the last head, in order, each with its
// parts, every link and digest checked.
//
// Thread: one engine's. Bounds: the bytes of one commit at a time; what was read is given to the Applier at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/engine/applier.h"
#include "bridge/engine/reading.h"
#include "bridge/state/head.h"

namespace millrace::engine {

class Chain {
  public:
    explicit Chain(std::string head_subject) : subject_(std::move(head_subject)) {}

    // Begins to read up to `last`, which is stored at `sequence`.
    void begin(state::Head last, std::uint64_t sequence, Reading& reading);
    // Reads the last head's outbox alone: the rest of the state is of no use any more.
    void begin_outbox(state::Head last, std::uint64_t sequence, Reading& reading);
    // The next message of it. An error says that the state cannot be used as it is.
    Result<void> got(const GotMessage& got, Applier& applier, Reading& reading);

    [[nodiscard]] bool complete() const { return complete_; }
    // Of the last head; taken once.
    [[nodiscard]] std::vector<state::OutboxEntry> take_outbox() { return std::move(outbox_); }
    // Of the contents read.
    [[nodiscard]] std::uint64_t base_bytes() const { return base_bytes_; }
    [[nodiscard]] std::uint64_t delta_bytes() const { return delta_bytes_; }
    [[nodiscard]] std::uint32_t deltas() const { return deltas_; }

  private:
    Result<void> head_is(state::Head head, std::uint64_t sequence, Applier& applier, Reading& reading);
    Result<void> whole(Applier& applier, Reading& reading);
    void ask_part(Reading& reading) const;

    std::string subject_;
    state::Head last_;
    std::uint64_t last_sequence_ = 0;
    state::Head current_;  // whose content is being read
    std::uint64_t current_sequence_ = 0;
    bool outbox_only_ = false;
    bool base_seen_ = false;
    std::uint32_t part_ = 0;  // the next one; meaningful while `in_parts_`
    bool in_parts_ = false;
    std::string content_;
    std::vector<state::OutboxEntry> outbox_;
    std::uint64_t base_bytes_ = 0;
    std::uint64_t delta_bytes_ = 0;
    std::uint32_t deltas_ = 0;
    bool complete_ = false;
};

}  // namespace millrace::engine
