// How long to wait before somebody who failed us is asked again. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "bridge/base/random.h"
#include "bridge/base/time.h"

namespace millrace::auth {

// After that many failures in a row, the last one included. What is `passing` is tried again soon, after half a second
// to 30 s; what somebody has to put right seldom, after 5 s to 1 min, for he will not be quicker. Never before
// `retry_after`.
Duration wait_after(std::uint32_t failures, bool passing, std::optional<Duration> retry_after, Random& random);

}  // namespace millrace::auth
