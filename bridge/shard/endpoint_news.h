// EndpointNews: says in the log that the endpoint does not work, with the cause in its own words, and that it works
// again.
//
// A transient failure is nobody's mistake and is tried again for ever, so nothing else would tell an operator of an
// expired certificate, a name that is not found or a port nobody listens on. Said from the third failure in a row,
// again every minute while it lasts and when the cause changes, at most every ten seconds; a single failure is no news.
// What the engine holds for has a line of its own.
//
// Thread: the shard's. Time: told. Bound: one text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bridge/base/note.h"
#include "bridge/base/outcome.h"
#include "bridge/base/time.h"

namespace millrace {

class EndpointNews {
  public:
    // What there is to say about this answer, if anything.
    std::optional<Note> heard(const Answer& answer, Time now);

  private:
    [[nodiscard]] bool worth_saying(const std::string& cause, Time now) const;

    std::uint64_t failures_ = 0;  // in a row
    std::string said_;            // the cause told last; empty when all is well
    Time said_at_{};
};

}  // namespace millrace
