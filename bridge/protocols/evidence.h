// What an answer says beside its results: who answered, and in one line why it is no result.
//
// Pure. Texts that an endpoint chose are cut and made printable here, since they go into headers and log lines.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/protocols/protocol.h"

namespace millrace::protocols {

inline constexpr std::size_t kMaxReason = 300;     // bytes of Answer.reason
inline constexpr std::size_t kMaxEvidence = 1024;  // bytes of Answer.body
inline constexpr std::size_t kMaxName = 128;       // bytes of a deployment or request id

std::string deployment_of(const Response& response);
// The endpoint's own id for the request; where it has none, the echo of ours.
std::string request_id_of(const Response& response);
// "HTTP 400: what the body says", or the status in words where the body says nothing.
std::string refusal(const Response& response);

// The sentence a JSON error body has for people: `message`, `error.message`, `error`, `detail`, or a lone string.
// Nothing where the body is no such JSON or longer than 64 KiB.
std::optional<std::string> error_text(std::string_view body);
// At most `limit` bytes of `text` on one line of printable UTF-8.
std::string one_line(std::string_view text, std::size_t limit);

}  // namespace millrace::protocols
