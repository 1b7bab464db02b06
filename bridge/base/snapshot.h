// Snapshot: what a shard tells the outside about itself, a value published now and then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bridge/base/time.h"

namespace millrace {

struct Snapshot {
    Time at{};                     // when it was taken
    bool connected = false;        // to NATS
    std::uint32_t partitions = 0;  // assigned to this shard
    std::uint32_t bound = 0;       // of these, with a consumer and output streams found; owned ones: could be worked on
    std::uint32_t owned = 0;       // of these, by this shard
    std::string hold;              // why pulling is paused, in words; empty when it is not
    std::string halt;              // name of the halt, empty when there is none
    std::string halt_remedy;
    bool draining = false;
    std::uint64_t backlog = 0;  // messages the server still holds for us, as it last told
    std::size_t open_deliveries = 0;
    std::size_t open_bytes = 0;
    std::size_t queued_events = 0;
    std::size_t in_flight = 0;  // requests
    double concurrency_limit = 0;
    std::size_t accused = 0;       // events refused alone that wait for a witness or for the ratio
    std::size_t state_bytes = 0;   // of owned partitions, held in memory
    std::size_t publications = 0;  // sent or waiting to be sent, not confirmed
};

// Works now: connected, every partition bound, nothing held or halted.
inline bool able_to_work(const Snapshot& s) {
    return s.connected && s.bound == s.partitions && s.hold.empty() && s.halt.empty() && !s.draining;
}

}  // namespace millrace
