// Arithmetic of event times that cannot overflow: what comes in is kept a month off the ends of what 64 bits of
// nanoseconds can say (1677 and 2262), which is more than any window.
#pragma once

#include <algorithm>

#include "bridge/base/bytes.h"
#include "bridge/windows/sample.h"

namespace millrace::windows {

inline constexpr EventTime kLatest = EventTime::max() - std::chrono::days(31);
inline constexpr EventTime kEarliest = EventTime::min() + std::chrono::days(31);

constexpr EventTime usable(EventTime at) { return std::clamp(at, kEarliest, kLatest); }

// They stop at the ends of what can be said. `by` is not negative.
constexpr EventTime plus(EventTime at, Duration by) { return at > EventTime::max() - by ? EventTime::max() : at + by; }
constexpr EventTime minus(EventTime at, Duration by) { return at < EventTime::min() + by ? EventTime::min() : at - by; }

// The first time at or after `at` that is a multiple of `step` since the epoch, shifted by `offset`. Requires: `at` is
// usable.
constexpr EventTime next_on_grid(EventTime at, Duration step, Duration offset = {}) {
    const Duration beyond = (at.time_since_epoch() - offset) % step;  // as negative as the time is
    return beyond > Duration::zero() ? at + (step - beyond) : at - beyond;
}

// Where an event stands among all others of its tenant.
struct Moment {
    EventTime at;
    Place place;
    auto operator<=>(const Moment&) const = default;
};

inline void write_time(ByteWriter& out, EventTime at) { out.signed_number(at.time_since_epoch().count()); }
inline EventTime read_time(ByteReader& in) { return EventTime(Duration(in.signed_number())); }

inline void write_place(ByteWriter& out, const Place& place) {
    out.number(place.sequence);
    out.number(place.element);
}
inline Place read_place(ByteReader& in) {
    const std::uint64_t sequence = in.number();
    return {sequence, static_cast<std::uint32_t>(in.number())};
}

inline void write_moment(ByteWriter& out, const Moment& moment) {
    write_time(out, moment.at);
    write_place(out, moment.place);
}
inline Moment read_moment(ByteReader& in) {
    const EventTime at = read_time(in);
    return {at, read_place(in)};
}

}  // namespace millrace::windows
