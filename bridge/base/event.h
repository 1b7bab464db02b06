// Delivery and Event: a message on its way through, and the elements in it.
//
// A *delivery* is one message as JetStream handed it over: where it came from, how to ack it, its bytes. An *event*
// is one element of it (an object, an element of an array, a line), and the unit everything is counted in. A message
// is acked when each of its events is settled.
//
// Lifetime: the engine's ledger owns every Delivery from arrival to settlement; events live inside it and `text`
// points into its payload.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/payload.h"
#include "bridge/base/reason.h"
#include "bridge/base/time.h"
#include "bridge/base/value.h"

namespace millrace {

using Header = std::pair<std::string, std::string>;

// Where an event stands in its stream: in which message, and as which of its elements.
struct EventPlace {
    std::uint64_t sequence = 0;
    std::uint32_t element = 0;
    auto operator<=>(const EventPlace&) const = default;
};

// Evidence that goes into a dead letter.
struct Verdict {
    Reason reason{};
    std::string detail;  // one line: field name, type found, the endpoint's reason
    int status = 0;      // the endpoint's status, 0 where none was involved
    std::string body;    // the endpoint's answer, capped
};

// What an event came to, and by which request; filled by the engine, read when the publication is rendered.
struct Settlement {
    std::string score;               // raw JSON text; empty for a dead letter
    std::optional<Verdict> verdict;  // set for a dead letter
    std::string deployment;          // which deployment answered
    std::string request_id;          // of the request that settled it, as we named it to the endpoint
    std::uint32_t attempts = 0;      // how many requests carried the event
    std::size_t address = 0;         // where the request went, as settings::routes counts them
    int status = 0;                  // its answer's; 0 where there was none
    std::uint64_t audited = 0;       // sequence of the audit message that tells of the request; 0: none does
    bool told = false;               // what tells of it was found stored
};

// What the pipeline's `where` made of an event.
enum class Selection : std::uint8_t {
    selected,  // to be scored, or aggregated
    filtered,  // comes to nothing
    bypassed,  // a copy goes past the model
};

// What an event has come to: exactly one of these, for each.
enum class Ending : std::uint8_t { scored, bypassed, filtered, dead };

inline constexpr std::array<std::string_view, 4> kEndingNames = {"scored", "bypassed", "filtered", "dead_letter"};
static_assert(kEndingNames.size() == static_cast<std::size_t>(Ending::dead) + 1);

struct Event {
    Identity id;
    std::uint32_t element = 0;     // index in the message
    std::string_view text;         // the raw element, inside the delivery's payload
    std::string row;               // raw JSON text of the row for the request
    std::string included;          // raw JSON text of the fields the result carries along; empty for none
    std::optional<ServerTime> at;  // when it happened, where a field says so
    std::vector<Value> values;     // what aggregates want of it, in the order of windows::operands()
    std::optional<Verdict> fault;  // set when decoding already found it unfit
    Selection selection = Selection::selected;
    Settlement settlement;
};

struct Delivery {
    Partition partition = 0;
    std::uint64_t stream_sequence = 0;
    // Counts what its consumer has delivered, from 1: a gap is a lost delivery.
    std::uint64_t consumer_sequence = 0;
    std::uint64_t delivered = 1;  // 1 for the first delivery
    std::uint64_t pending = 0;    // messages the consumer still holds behind this one
    ServerTime stored_at{};       // when JetStream stored the message
    std::string ack_subject;      // where acks for this delivery go
    std::string subject;          // as the publisher used it; not to be trusted
    std::string tenant;           // checked token, or empty when unroutable
    std::vector<Header> headers;  // all of the publisher's headers; not to be trusted
    Payload payload;
    std::vector<Event> events;  // empty only for an empty array or a blank message
};

// What an event comes to that is settled now.
inline Ending ending_of(const Event& event) {
    if (event.settlement.verdict) return Ending::dead;
    if (event.selection == Selection::selected) return Ending::scored;
    return event.selection == Selection::filtered ? Ending::filtered : Ending::bypassed;
}

// What a delivery takes in memory once it is decoded, about. An event takes more than the few bytes it may have on the
// wire, and headers are held twice: as the client library got them, and read.
inline std::size_t held_bytes(const Delivery& delivery) {
    std::size_t bytes = sizeof(Delivery) + delivery.payload.size() + delivery.events.size() * sizeof(Event);
    for (const auto& [name, value] : delivery.headers) bytes += sizeof(Header) + 2 * (name.size() + value.size());
    for (const Event& event : delivery.events) {
        bytes += event.row.size() + event.included.size();
        for (const Value& value : event.values) bytes += sizeof(Value) + held_bytes(value);
    }
    return bytes;
}

}  // namespace millrace
