// Arithmetic of event times that cannot overflow: times are kept a month off the ends of what 64 bits of nanoseconds
// can say, which is more than any window, and sums stop there.
#pragma once

#include <algorithm>

#include "bridge/base/bytes.h"
#include "bridge/windows/sample.h"

namespace millrace::windows {

inline constexpr EventTime kLatest = EventTime::max() - std::chrono::days(31);
inline constexpr EventTime kEarliest = EventTime::min() + std::chrono::days(31);

constexpr EventTime usable(EventTime at) { return std::clamp(at, kEarliest, kLatest); }

// `by` is not negative.
constexpr EventTime plus(EventTime at, Duration by) { return at > kLatest - by ? kLatest : at + by; }
constexpr EventTime minus(EventTime at, Duration by) { return at < kEarliest + by ? kEarliest : at - by; }

// The first time at or after `at` that is a multiple of `step` since the epoch, shifted by `offset`.
constexpr EventTime next_on_grid(EventTime at, Duration step, Duration offset = {}) {
    const Duration beyond = (at.time_since_epoch() - offset) % step;  // as negative as the time is
    return beyond > Duration::zero() ? at + (step - beyond) : at - beyond;
}

inline void write_time(ByteWriter& out, EventTime at) { out.signed_number(at.time_since_epoch().count()); }
inline EventTime read_time(ByteReader& in) { return EventTime(Duration(in.signed_number())); }

}  // namespace millrace::windows
