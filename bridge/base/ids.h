// The small numbers that name things, each a type of its own so that one cannot be passed for another.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>

namespace millrace {

// Which of the pipeline's partitions, 0-based.
using Partition = std::uint32_t;

// A delivery as this process counts them: made anew each time a message arrives that is not open already, never
// reused. Not a stream sequence: the same message delivered again after it was let go has another DeliveryId.
enum class DeliveryId : std::uint64_t {};

// One event of an open delivery. Safe to keep after the delivery is gone: looking it up then gives nothing.
struct EventRef {
    DeliveryId delivery{};
    std::uint32_t element = 0;  // index in the delivery's events
    auto operator<=>(const EventRef&) const = default;
};

// A request to the endpoint; one id per attempt.
enum class RequestId : std::uint64_t {};
// A publication under way; one id per attempt.
enum class StoreId : std::uint64_t {};

// The identity of everything published about one event (SEMANTICS: identity), 128 bits. Made by
// subjects/identity.h and by nothing else; its hexadecimal form is the Nats-Msg-Id.
struct Identity {
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const Identity&) const = default;
};

}  // namespace millrace

template <>
struct std::hash<millrace::Identity> {
    std::size_t operator()(const millrace::Identity& id) const noexcept {
        std::size_t first = 0;  // the bytes are a cryptographic hash already
        std::memcpy(&first, id.bytes.data(), sizeof first);
        return first;
    }
};
