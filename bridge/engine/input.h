// What the engine is told. Each input is one fact from outside, with `now` beside it in `step`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/ids.h"
#include "bridge/base/outcome.h"
#include "bridge/base/shadow.h"
#include "bridge/base/signature.h"
#include "bridge/base/stream.h"
#include "bridge/base/time.h"

namespace millrace::engine {

// A message arrived and was decoded.
struct Delivered {
    std::uint32_t slot = 0;  // of the pull that brought it
    std::unique_ptr<Delivery> delivery;
    Time not_before = kNever;  // it may have come as early as this, when that was before the last tick
};

// A request came back; exactly one for each Send.
struct Answered {
    RequestId id{};
    Answer answer;
};

// What came of a CheckHealth; exactly one for each.
struct HealthTold {
    RequestId id{};
    bool well = false;
};

// What the address knows us by is another now, or why it does not: if it was out, it may take us again.
struct Reintroduced {
    std::size_t address = 0;  // of all routes
};

// What came of a Copy; exactly one for each.
struct ShadowAnswered {
    RequestId id{};
    Outcome outcome{};
    int status = 0;
    std::string reason;                   // not scored: in the endpoint's words, or ours
    std::optional<Duration> retry_after;  // as it asked
    std::size_t same = 0;                 // scored: events whose scores agree
    std::vector<Difference> differences;  // of the others
};

// What came of ReadSignature.
struct SignatureRead {
    enum class What { found, nothing, failed };  // failed: it may be there another time
    What what = What::failed;
    Signature signature;   // found
    std::string misfit;    // why rows of the configured features never fit it; empty when they may
    bool reached = false;  // failed: somebody answered, or took the connection
    std::string why;       // not found: in words
    std::size_t address = 0;
};

// Nothing happened; time passed.
struct Tick {};

// Stop pulling, finish what is in hand, let go of the rest at `deadline`.
struct Drain {
    Time deadline{};
};

using Input = std::variant<Tick, Delivered, Answered, HealthTold, Reintroduced, ShadowAnswered, PullStatus, Bound,
                           BindFailed, Stored, Found, GotMessage, SignatureRead, Disconnected, Reconnected, Drain>;

}  // namespace millrace::engine
