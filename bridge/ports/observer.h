// Where a shard tells what happens: counters for metrics, and notes, which become log lines. One note per change of the
// program's life, never one per message.
//
// Thread: called from shard threads; implementations are thread-safe and do not block. Text in notes never holds a
// payload or a token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/base/fate.h"
#include "bridge/base/note.h"
#include "bridge/base/outcome.h"
#include "bridge/base/reason.h"
#include "bridge/base/shadow.h"
#include "bridge/base/snapshot.h"
#include "bridge/base/time.h"

namespace millrace::ports {

using millrace::Level;
using millrace::Note;

class Observer {
  public:
    virtual ~Observer() = default;

    virtual void received(std::size_t bytes, std::size_t events, bool redelivery) = 0;
    // An event reached its end and what tells of it, if anything, is stored. `reason` is set for a dead letter.
    // `latency` is from JetStream's stored time to now, on the wall clock; negative skew is reported as zero.
    virtual void settled(std::string_view tenant, Ending ending, std::optional<Reason> reason, bool duplicate,
                         Duration latency) = 0;
    // Events of a message of an owned partition were applied to its windows, or missed them.
    virtual void applied(const Fates& fates) = 0;
    virtual void acked() = 0;
    virtual void requested(std::size_t rows) = 0;
    // `address`: as settings::routes counts them.
    virtual void answered(std::size_t address, Outcome outcome, int status, Duration elapsed) = 0;
    virtual void shadowed(ShadowCount what, std::size_t count) = 0;
    virtual void note(const Note& note) = 0;
    virtual void publish(const Snapshot& snapshot) = 0;
};

}  // namespace millrace::ports
