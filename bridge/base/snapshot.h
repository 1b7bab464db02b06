// Snapshot: what a shard tells the outside about itself, a value published now and then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/time.h"

namespace millrace {

// Whether an address of the endpoint is asked.
enum class AddressState {
    closed,     // it is
    open,       // not now: it failed several times, or asked for a pause
    half_open,  // one request at a time is to show whether it works again
    out,        // not before a probe was answered: it refuses us as we are configured
};
inline constexpr std::array<std::string_view, 4> kAddressStateNames = {"closed", "open", "half_open", "out"};

struct AddressSnapshot {
    std::size_t address = 0;  // as settings::routes counts them
    AddressState state{};
    std::string why;            // it is out, in words; empty when it is not
    double limit = 0;           // requests that may be in flight
    std::size_t in_flight = 0;  // requests
};

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
    std::vector<AddressSnapshot> addresses;
    std::size_t accused = 0;       // events refused alone that wait for a witness or for the ratio
    std::size_t state_bytes = 0;   // of owned partitions, held in memory
    std::size_t publications = 0;  // sent or waiting to be sent, not confirmed
};

// Works now: connected, every partition bound, nothing held or halted.
inline bool able_to_work(const Snapshot& s) {
    return s.connected && s.bound == s.partitions && s.hold.empty() && s.halt.empty() && !s.draining;
}

}  // namespace millrace
