// What crosses the door to JetStream as values: pull requests and their statuses, what a bind found, publications'
// answers, searches, and what the owner of a partition asks for. Shared by the engine, which decides, and
// ports/jetstream.h, which is the door.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridge/base/event.h"
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

// What a pipeline publishes: these, and from `aggregate` on, for each of its aggregates in their order, its messages
// and its summary. No pipeline has all of them; settings/outputs.h says which ones one has. Where something is known of
// each, it is a vector with these as indices, zero for what the pipeline does not have.
// `difference`, where a shadow endpoint scores otherwise, stands apart: it is told to whoever listens, nothing waits
// for it to be stored, and nothing is known of its stream, so it is no index.
enum class Output : std::uint32_t {
    result,
    dead_letter,
    unroutable,
    bypass,
    late,
    state,
    aggregate,
    difference = std::uint32_t{1} << 31
};
constexpr std::size_t index(Output output) { return static_cast<std::size_t>(output); }
constexpr Output aggregate_output(std::size_t place) {
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): it has no end, as aggregates have none
    return static_cast<Output>(index(Output::aggregate) + 2 * place);
}
constexpr Output summary_output(std::size_t place) {
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    return static_cast<Output>(index(aggregate_output(place)) + 1);
}
constexpr bool is_summary(Output output) {
    return index(output) > index(Output::aggregate) && (index(output) - index(Output::aggregate)) % 2 == 1;
}
// What an event may come to by itself.
inline constexpr std::size_t kEventOutputs = 4;

// Where the owner of a partition begins to take deliveries: at a consumer of its own, made for this and used for
// nothing else, whose name tells deliveries of an earlier position apart (settings::consumer_name).
struct Position {
    Partition partition = 0;
    std::uint64_t epoch = 0;
    std::uint64_t number = 0;  // grows with each position of the epoch
    std::uint64_t start_sequence = 1;
    bool operator==(const Position&) const = default;
};

// Reads what a bind reads and makes no consumer: what an owner wants to know before it claims a partition.
struct Look {
    Partition partition = 0;
    Duration before{};  // where `input.start` is a time: how much earlier reading begins
    bool operator==(const Look&) const = default;
};

// What is known of a partition's consumer and of the streams around it. The answer to a bind, a look (nothing of a
// consumer is known then) or a position.
struct Bound {
    Partition partition = 0;
    std::optional<Position> position{};  // that is answered
    std::uint64_t start_sequence = 0;    // of a look: where `input.start` begins now
    ServerTime stream_created{};
    std::uint64_t input_first_sequence = 0;
    std::uint64_t input_last_sequence = 0;
    std::uint64_t ack_floor = 0;           // stream sequence; of a look the greatest of the partition's consumers
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
    // Of the stream behind each Output.
    std::vector<std::uint64_t> output_last_sequence = std::vector<std::uint64_t>(kEventOutputs);
    Duration duplicate_window{};  // the shortest of the output streams, the state's left out
    // By Output: its messages can be stored together with a head, all or none, because its stream is the state's and
    // takes atomic batches. Empty: none can.
    std::vector<bool> together{};
    std::uint64_t max_payload = 1 << 20;  // smallest of the server's and the output streams' limits, in bytes
    std::uint64_t max_input = 1 << 20;    // largest message the server may deliver, headers included
};

// So many messages may be stored together (nats-server 2.12: an atomic batch has at most 1,000).
inline constexpr std::size_t kMostTogether = 1000;

// A bind, look or position failed, or the consumer cannot be worked with any more.
struct BindFailed {
    Partition partition = 0;
    // not_found, misconfigured: hold and say so; unavailable: try again; conflict: a consumer of the position's name is
    // there already, take the next number.
    Error error;
    std::optional<Position> position{};  // that is answered
};

// The answer to one Publication. An answer that does not come is the engine's to time out.
struct Stored {
    StoreId id{};
    // unavailable: again later; too_large; misconfigured: hold; conflict: the subject's last message is another one
    // than was expected. (An earlier attempt with the same bytes may be that one: read it.)
    std::optional<Error> error;
    bool refused = false;  // with an error: this attempt is surely not stored, and never will be
    std::uint64_t sequence = 0;
    bool duplicate = false;  // an earlier message of the same identity was already there
};

// A message of the stream behind an output.
struct OutputPlace {
    Output output{};
    std::uint64_t sequence = 0;
    auto operator<=>(const OutputPlace&) const = default;
};

// Reads the output streams (not the state, not summaries) from a place on and returns the identities found of this
// pipeline, so that what is already stored is not stored again (SEMANTICS B2, C7).
struct Find {
    std::uint64_t number = 0;
    // Sequence to read from, by Output; those beyond its end are not read. Where nothing is given, `from_time` is used.
    std::optional<std::vector<std::uint64_t>> from_sequence;
    ServerTime from_time{};
    std::uint64_t input_above = 0;  // of what tells of one input: only with a greater sequence …
    std::uint64_t input_to = 0;     // … and at most this one. Aggregates tell of none
    bool operator==(const Find&) const = default;
};

// Results of one tenant that one message holds, from one event to another in the order of the stream.
struct StoredRun {
    OutputPlace place;
    std::uint32_t generation = 0;
    Partition partition = 0;
    std::string tenant;
    EventPlace first;
    EventPlace last;
    bool operator==(const StoredRun&) const = default;
};

struct Found {
    std::uint64_t number = 0;
    std::vector<Identity> identities;   // each once
    std::optional<Error> error;         // the search is incomplete: ask again
    std::vector<OutputPlace> places{};  // of each identity the first message
    std::vector<StoredRun> runs{};      // of those that are of several results; each message once

    [[nodiscard]] std::unordered_map<Identity, OutputPlace> by_identity() const {
        std::unordered_map<Identity, OutputPlace> all;
        for (std::size_t i = 0; i < identities.size(); ++i)
            all.emplace(identities[i], i < places.size() ? places[i] : OutputPlace{});
        return all;
    }
};

// Asks the leader of a stream for one message; never a replica, which may not know the newest yet.
struct Read {
    enum class From { state, input, output };
    enum class Which { last, at, next };  // of the subject; at `sequence`; the first of the subject from `sequence` on
    std::uint64_t number = 0;             // the answer carries it back
    Partition partition = 0;
    From from = From::state;
    Output output{};  // of `output`
    Which which = Which::last;
    std::uint64_t sequence = 0;  // not of `last`
    // Not of `at`. Empty: the partition's own, which is its state subject, or what its consumers filter the input by;
    // of an output all that the pipeline publishes there.
    std::string subject{};
    bool operator==(const Read&) const = default;
};

struct StreamMessage {
    std::uint64_t sequence = 0;
    ServerTime stored_at{};
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
};

// The answer to a Read.
struct GotMessage {
    std::uint64_t number = 0;
    std::optional<Error> error;              // unavailable: ask again; else hold and say so
    std::optional<StreamMessage> message{};  // nothing and no error: the leader has no such message
};

// Removes heads and parts of a partition's state below a sequence. Has no answer; what is left is removed by the next.
struct Purge {
    Partition partition = 0;
    std::uint64_t below = 0;
    bool operator==(const Purge&) const = default;
};

// Comes again with each further reason while the connection stays down.
struct Disconnected {
    std::string why{};  // for a person; empty where nothing is known
};
struct Reconnected {};

}  // namespace millrace
