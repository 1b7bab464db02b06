// The identity of everything Millrace publishes: a hash of a canonical, typed, length-prefixed tuple, made here and
// nowhere else. Two different tuples never give the same bytes to the hash, and the hash is SHA-256 cut to 128 bits, so
// that nobody can choose an event whose identity collides with another tenant's.
//
// A result and the dead letter of one event carry the same identity; its hexadecimal form is the Nats-Msg-Id.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bridge/base/aggregate.h"
#include "bridge/base/ids.h"
#include "bridge/base/time.h"
#include "bridge/base/value.h"

namespace millrace::subjects {

// One part of the tuple, with its type: 1 and "1" are different.
using Part = std::variant<std::string_view, std::uint64_t, std::int64_t, bool, std::nullptr_t, double>;

// The bytes that are hashed: for the property test, and for whoever wants to recompute an identity.
std::string canonical(std::span<const Part> tuple);
Identity identity_of(std::span<const Part> tuple);

// (pipeline, generation, "event", stream, stored, sequence, element).
struct EventOrigin {
    std::string_view pipeline;
    std::uint32_t generation = 1;
    std::string_view stream;
    // When JetStream stored the message. A recreated stream starts again at sequence 1, and its messages are others.
    // The stream's own creation time would say the same, but a replica can learn of it too late; this comes with the
    // message.
    ServerTime stored_at{};
    std::uint64_t sequence = 0;
    std::uint32_t element = 0;
};
Identity event_identity(const EventOrigin& origin);
// Of the copy that is published of an event that missed its windows: (pipeline, generation, "late", stream, …).
Identity late_identity(const EventOrigin& origin);

// Of results that one message holds: (pipeline, generation, "results", stream, and of the first and of the last event:
// stored, sequence, element).
Identity batch_identity(const EventOrigin& first, const EventOrigin& last);

// (pipeline, generation, "aggregate", name, window, start, end, tenant, partition of a partial one, group values). What
// is equal to windows/ is equal here: 1 and 1.0 are one number.
struct AggregateOrigin {
    std::string_view pipeline;
    std::uint32_t generation = 1;
    std::string_view name;
    Window window;
    ServerTime start{};
    ServerTime end{};
    std::string_view tenant;
    std::optional<Partition> partition;  // only where groups span partitions
    std::span<const Value> group;
};
Identity aggregate_identity(const AggregateOrigin& origin);
// What is hashed of it, for the property test.
std::vector<Part> aggregate_tuple(const AggregateOrigin& origin);

std::string to_hex(const Identity& identity);                      // 32 lower-case digits
std::optional<Identity> identity_from_hex(std::string_view text);  // nothing for any other form

}  // namespace millrace::subjects
