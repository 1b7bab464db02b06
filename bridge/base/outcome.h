// Outcome: what one request to an endpoint came to, in the words the engine reacts to.
//
// Made from a status, headers and a body by protocols/, turned into a reaction by engine/disposition. Total: whatever
// no row of the protocol's table names is `misconfigured`, which holds and never judges an event.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/time.h"

namespace millrace {

enum class Outcome {
    scored,           // 200 with exactly one result per row
    unreachable,      // no answer: DNS, connect, TLS, reset, closed early
    timed_out,        // no answer within the deadline, or 408, 504
    throttled,        // 429, 503
    failed,           // 425, 500, 502: the endpoint's own trouble
    rejected,         // 400, 422, 424 with an inner 4xx: something in the request
    too_large,        // 413
    model_raised,     // 424 with an inner 5xx, 500 that says the model's code failed
    contract_broken,  // 200, but not one readable result per row
    unauthorized,     // 401
    misconfigured,    // everything else: 402, 403, 404, 405, 409, 415, any 3xx, another 2xx, …
};

inline constexpr std::array<std::string_view, 11> kOutcomeNames = {
    "scored",    "unreachable",  "timed_out",       "throttled",    "failed",        "rejected",
    "too_large", "model_raised", "contract_broken", "unauthorized", "misconfigured",
};
static_assert(kOutcomeNames.size() == static_cast<std::size_t>(Outcome::misconfigured) + 1);

constexpr std::string_view name(Outcome outcome) { return kOutcomeNames[static_cast<std::size_t>(outcome)]; }

// The answer to one request. `scores` has one raw JSON text per row, in row order, and only when `scored`.
struct Answer {
    Outcome outcome = Outcome::misconfigured;
    int status = 0;  // HTTP status, 0 where there was none
    std::vector<std::string> scores;
    std::optional<Duration> retry_after;  // as the endpoint asked, already clamped
    std::string deployment;               // which deployment answered, where it says so
    std::string request_id;               // as we named the request to the endpoint
    std::string reason;                   // one line for logs and dead letters
    std::string body;                     // the first bytes of the answer, as evidence; capped
};

}  // namespace millrace
