// What is checked and made as text around the NATS client: subjects and headers right before they reach it, request
// bodies, the sizes the server counts. Pure.
//
// libnats does not look at what it writes: a subject with a space or a line feed, or a header key with a colon, would
// reach the socket as another protocol line. So nothing unchecked is given to it, whoever made it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/stream.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

// A concrete subject: tokens of printable ASCII without space, `*` and `>`, none empty, at most 1024 bytes.
bool is_concrete_subject(std::string_view subject);
// The same with wildcards.
bool is_subject_or_filter(std::string_view subject);
// A name that stands in a subject as one token: a stream or a consumer.
bool is_name_token(std::string_view name);
// Key: 1 to 128 of the characters of an HTTP token. Value: no control characters.
bool is_wire_header(const Header& header);

// The bytes the server counts against max_payload and max_msg_size: header block and payload.
std::size_t header_block_size(const std::vector<Header>& headers);
inline constexpr std::size_t kMaxHeaderBlock = 65535;

// Where API requests go: `api_prefix`, or $JS.<domain>.API, or $JS.API. Without a final dot.
std::string api_prefix(const settings::Nats& nats);
std::string inbox_prefix(const settings::Nats& nats);  // without a final dot

// `text` as a JSON string, with its quotes.
std::string json_string(std::string_view text);
std::string rfc3339(ServerTime time);  // with nine decimals, in UTC
// Reads what JetStream writes; nothing for another form and for year 1, its way of saying never.
std::optional<ServerTime> parse_rfc3339(std::string_view text);

std::string pull_body(const PullRequest& request);
std::string nak_body(Duration delay);
// For STREAM.MSG.GET, which the stream's leader answers; `subject` may be a filter.
std::string read_body(Read::Which which, std::uint64_t sequence, std::string_view subject);

// The tail of a reply subject under `inbox`: for "<inbox>.3.1.77" and "<inbox>" the numbers 3, 1, 77. Nothing when it
// has another shape.
struct SlotToken {
    Partition partition = 0;
    std::uint32_t slot = 0;
    std::uint64_t number = 0;
};
std::optional<SlotToken> parse_slot_token(std::string_view subject, std::string_view inbox);
std::optional<std::uint64_t> parse_number_token(std::string_view subject, std::string_view inbox);

}  // namespace millrace::io
