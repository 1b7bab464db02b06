// libnats' messages, in and out: taken over without a copy of a large payload, checked and sent. Private to io/nats_*.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/io/nats_connection.h"

// NOLINTBEGIN(bugprone-reserved-identifier): nats.h calls them so
struct __natsMsg;
struct __natsConnection;
// NOLINTEND(bugprone-reserved-identifier)

namespace millrace::io {

// As long as the message lives.
std::string_view bytes_of(const __natsMsg* message);
// Takes the message over. Large payloads stay where they are, and the Payload destroys the message.
NatsMessage take_over(__natsMsg* message);

// Whether this may leave, over a server that takes `limit` bytes a message.
Result<void> check_outgoing(const Outgoing& message, std::uint64_t limit);
// Writes it to the connection's buffer. Requires: checked.
Result<void> send(__natsConnection* nc, const Outgoing& message);

}  // namespace millrace::io
