// What crosses the door to JetStream as values: pull requests and their statuses, what a bind found, publications'
// answers, searches. Shared by the engine, which decides, and ports/jetstream.h, which is the door.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/result.h"
#include "bridge/base/time.h"

namespace millrace {

// Each partition has this many pull slots, each with its own subscription, so that a message is attributed to the
// request that asked for it (data messages keep their original subject and do not tell).
inline constexpr std::uint32_t kPullSlots = 4;

struct PullRequest {
    Partition partition = 0;
    std::uint32_t slot = 0;    // 0 … kPullSlots - 1
    std::uint64_t number = 0;  // grows by one with each request of the slot; statuses carry it back
    std::uint32_t batch = 0;   // messages at most
    std::uint64_t max_bytes = 0;
    Duration expires{};
    Duration heartbeat{};  // at most half of `expires`
};

// A status message for a pull request: 100 heartbeat, 404, 408, 409, 4xx, 503.
struct PullStatus {
    Partition partition = 0;
    std::uint32_t slot = 0;
    std::uint64_t number = 0;
    int code = 0;
    std::string description;
};

enum class Output { result, dead_letter, unroutable };
inline constexpr std::size_t kOutputs = 3;

// What is known of a partition's consumer and of the streams around it once `bind` succeeded.
struct Bound {
    Partition partition = 0;
    ServerTime stream_created{};
    std::uint64_t input_first_sequence = 0;
    std::uint64_t input_last_sequence = 0;
    std::uint64_t ack_floor = 0;           // stream sequence
    std::uint64_t delivered_sequence = 0;  // stream sequence of the last delivery
    std::uint64_t ack_pending = 0;
    Duration ack_wait{};
    std::int64_t max_deliver = -1;
    std::uint32_t max_ack_pending = 0;
    // How long ago, on the server's clock, the consumer last delivered or was acked; nothing when it does not say
    // (a restarted server has forgotten).
    std::optional<Duration> idle_for;
    ServerTime server_now{};  // the server's clock when it answered
    // When JetStream stored the oldest unacked message (server_now where there is none): no result of an unacked
    // message can be older.
    ServerTime oldest_unacked{};
    std::array<std::uint64_t, kOutputs> output_last_sequence{};  // of the stream behind each output
    Duration duplicate_window{};                                 // the shortest of the output streams
    std::uint64_t max_payload = 1 << 20;  // smallest of the server's and the output streams' limits, in bytes
    std::uint64_t max_input = 1 << 20;    // largest message the server may deliver, headers included
};

struct BindFailed {
    Partition partition = 0;
    Error error;  // not_found, misconfigured: hold and say so; unavailable: try again
};

// The answer to one Publication. An answer that does not come is the engine's to time out.
struct Stored {
    StoreId id{};
    std::optional<Error> error;  // unavailable: again later; too_large; misconfigured: hold
    bool refused = false;        // with an error: this attempt is surely not stored, and never will be
    std::uint64_t sequence = 0;
    bool duplicate = false;  // an earlier message of the same identity was already there
};

// Reads the output streams from a place on and returns the identities found of this pipeline, so that an event
// whose result is already stored is not given another one (SEMANTICS B2).
struct Find {
    std::uint64_t number = 0;
    // Sequence to read from, per output; where nothing is given, `from_time` is used.
    std::optional<std::array<std::uint64_t, kOutputs>> from_sequence;
    ServerTime from_time{};
    std::uint64_t input_above = 0;  // only results of inputs with a greater sequence …
    std::uint64_t input_to = 0;     // … and at most this one
};

struct Found {
    std::uint64_t number = 0;
    std::vector<Identity> identities;
    std::optional<Error> error;  // the search is incomplete: ask again
};

// Comes again with each further reason while the connection stays down.
struct Disconnected {
    std::string why{};  // for a person; empty where nothing is known
};
struct Reconnected {};

}  // namespace millrace
