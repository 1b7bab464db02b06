// What JetStream answers, read into plain structs: publish acknowledgements, streams, consumers, single messages. Pure.
//
// An answer with an "error" becomes an Error whose code is the reaction (base/result.h) and whose text names the
// server's number and words. An answer that is no JSON of the expected shape is `unavailable`: something is between us
// and the server, or it is another server, and asking again is harmless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/base/time.h"

namespace millrace::io {

struct StreamFound {
    std::string name;
    std::vector<std::string> subjects;
    std::string retention;  // limits, interest, workqueue
    std::string storage;    // file, memory
    std::string discard;    // old, new
    std::int64_t replicas = 1;
    std::int64_t max_msgs = -1;
    std::int64_t max_msgs_per_subject = -1;
    std::int64_t max_bytes = -1;
    std::int64_t max_msg_size = -1;
    Duration max_age{};  // zero: for ever
    Duration duplicate_window{};
    bool sealed = false;
    bool no_ack = false;  // publishers hear nothing
    bool deny_purge = false;
    bool allow_atomic = false;   // takes atomic batches (2.12)
    bool is_fed = false;         // mirror or sources
    bool has_transform = false;  // subject_transform
    std::string persist_mode;    // "async" gives up the promise; empty where the server has no such thing
    ServerTime created{};
    std::optional<ServerTime> server_now;  // servers from 2.10 on say it
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    std::optional<ServerTime> first_stored;
    std::optional<ServerTime> last_stored;
};

struct ConsumerFound {
    std::string name;
    std::vector<std::string> filters;  // none: the whole stream
    std::string deliver_policy;
    std::string ack_policy;
    std::string deliver_subject;  // set for a push consumer
    Duration ack_wait{};
    std::int64_t max_deliver = -1;
    std::int64_t max_ack_pending = 0;  // -1: no limit
    bool headers_only = false;
    ServerTime created{};
    std::optional<ServerTime> server_now;
    std::uint64_t deliveries = 0;           // so far, redeliveries included
    std::uint64_t delivered_sequence = 0;   // of the stream
    std::uint64_t ack_floor = 0;            // of the stream
    std::optional<ServerTime> last_active;  // the later of last delivery and last ack
    std::uint64_t ack_pending = 0;
    std::uint64_t pending = 0;  // matching and not delivered yet
};

struct AccountFound {
    int api_level = 0;  // 0 before server 2.11
    std::uint64_t streams = 0;
    std::uint64_t consumers = 0;
    std::int64_t max_streams = -1;
    std::int64_t max_consumers = -1;
    std::int64_t max_memory = -1;
    std::int64_t max_storage = -1;
};

struct ServerInfo {
    std::string version;
    std::string name;
    bool jetstream = false;
    bool headers = false;
    std::uint64_t max_payload = 1 << 20;
};

// The answer to a publication.
Stored parse_pub_ack(StoreId id, std::string_view json);
// A status instead of an acknowledgement: 503 means nobody stores the subject.
Error publish_error(int code, int err_code, std::string_view description);

Result<void> parse_success(std::string_view json);  // only the error is of interest
Result<StreamFound> parse_stream(std::string_view json);
// The "config" object of an answer as raw JSON, for changing it without losing what is not known here.
Result<std::string> stream_config_json(std::string_view json);
Result<ConsumerFound> parse_consumer(std::string_view json);
Result<StreamMessage> parse_message(std::string_view json);
// The same for a Read, to which "no message found" is an answer and no error.
GotMessage parse_read(std::uint64_t number, std::string_view json);
Result<AccountFound> parse_account(std::string_view json);
// One page of STREAM.NAMES or CONSUMER.NAMES; `member` is "streams" or "consumers".
struct NamesPage {
    std::vector<std::string> names;
    std::uint64_t total = 0;
};
Result<NamesPage> parse_names(std::string_view json, std::string_view member);
Result<ServerInfo> parse_server_info(std::string_view json);

// "NATS/1.0[ code text]\r\nkey: value\r\n…", as STREAM.MSG.GET returns it.
std::vector<Header> parse_header_block(std::string_view block);

}  // namespace millrace::io
