// What goes into windows and what comes out of them. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/time.h"
#include "bridge/base/value.h"

namespace millrace::windows {

// When something happened: nanoseconds since the Unix epoch, as ServerTime.
using EventTime = ServerTime;

// An event's place in its partition's stream. No two events have the same.
struct Place {
    std::uint64_t sequence = 0;
    std::uint32_t element = 0;
    auto operator<=>(const Place&) const = default;
};

// One event, borrowed for the call. `values` in the order of operands().
struct Sample {
    std::string_view tenant;
    EventTime at;
    Place place;
    std::span<const Value> values;
};

// One select item of a closed window.
struct Field {
    std::string json = "null";  // raw text
    bool approximate = false;   // from a sketch: more different values than are kept exactly
    bool truncated = false;     // collect: more than are kept
    bool overflow = false;      // the number is outside what the field can say; it is null
    bool operator==(const Field&) const = default;
};

// One window of one group that has closed. The interval is (start, end]; of a session `start` is its first event, of a
// snapshot start and end are the same.
struct Closed {
    std::uint32_t aggregate = 0;
    std::string tenant;
    EventTime start;
    EventTime end;
    std::vector<Value> group;
    std::vector<Field> fields;  // as in Aggregate::select
    std::uint64_t count = 0;    // events in it
    Place first;                // the lowest place of them
    Place last;                 // the highest
    bool operator==(const Closed&) const = default;
};

}  // namespace millrace::windows
