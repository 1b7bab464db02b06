// What the protocols of OpenAI's API have in common. Pure.
#pragma once

#include "bridge/base/outcome.h"
#include "bridge/protocols/protocol.h"

namespace millrace::protocols {

// By the status, but a 429 that says insufficient_quota waits for a person, not for a minute: misconfigured.
Outcome openai_outcome(const Response& response);

}  // namespace millrace::protocols
