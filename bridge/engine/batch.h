// Batch: events that travel in one request, and what has happened to them as a group so far.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/ids.h"

namespace millrace::engine {

struct Batch {
    Partition partition = 0;
    std::string tenant;  // whose events these are; empty when tenants are mixed
    std::vector<EventRef> events;
    std::uint32_t failures = 0;      // transient failures in a row
    std::uint32_t strikes = 0;       // of these, the ones with a success elsewhere in between
    std::uint32_t timeouts = 0;      // at this size
    std::uint64_t success_mark = 0;  // successes of the endpoint when it last failed
    bool suspect = false;            // travels alone, one such at a time
    std::uint32_t answers = 0;       // that its one event got alone, each with a witness
    std::size_t answered_by = 0;     // the address these came from
    std::uint32_t tried = 0;         // addresses it came back from, as bits; the others go first
    std::uint32_t parkings = 0;      // how often its one event was parked for want of a witness

    void came_back_from(std::size_t address) { tried |= 1u << address; }
    [[nodiscard]] bool has_tried(std::size_t address) const { return (tried >> address & 1) != 0; }
    // Nothing was held against it so far.
    [[nodiscard]] bool clean() const { return failures == 0 && answers == 0 && parkings == 0; }
};

}  // namespace millrace::engine
