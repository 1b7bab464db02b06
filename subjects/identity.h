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

#include "bridge/base/ids.h"
#include "bridge/base/time.h"

namespace millrace::subjects {

// One part of the tuple, with its type: 1 and "1" are different.
using Part = std::variant<std::string_view, std::uint64_t, std::int64_t, bool, std::nullptr_t>;

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

std::string to_hex(const Identity& identity);                      // 32 lower-case digits
std::optional<Identity> identity_from_hex(std::string_view text);  // nothing for any other form

}  // namespace millrace::subjects
