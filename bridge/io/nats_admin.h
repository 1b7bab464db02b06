// NatsAdmin: JetStream's own API as plain calls: look at streams and consumers, create them, change them.
//
// Requests are raw JSON, not libnats' config structs, which drop what an older library does not know; a stream is
// changed by reading its config, altering the named members and sending the rest back as it was. After a change the
// echoed config is what is returned: older servers ignore unknown members silently.
//
// Thread: any that may block; each call blocks up to `timeout`. Keeps no state.
// Not here: deleting or shrinking anything but consumers and messages of our own making.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/io/nats_answers.h"
#include "bridge/io/nats_connection.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

struct ConsumerWish {
    std::string stream;
    std::string name;  // of a durable; empty for an ephemeral one, which the server names
    std::string filter;
    settings::Start start = settings::StartAll{};
    std::string ack_policy = "explicit";  // all, none
    Duration ack_wait{};
    std::int64_t max_ack_pending = 0;  // 0: the server's default
    bool headers_only = false;
    Duration inactive_threshold{};  // of an ephemeral one
};

struct StreamWish {
    std::string name;
    std::vector<std::string> subjects;
    std::string retention = "limits";
    std::string storage = "file";
    std::string discard = "old";
    std::uint32_t replicas = 1;
    Duration max_age{};  // zero: for ever
    std::int64_t max_bytes = -1;
    std::int64_t max_msg_size = -1;
    std::int64_t max_msgs_per_subject = -1;
    Duration duplicate_window = std::chrono::minutes(2);
    bool allow_atomic = false;       // takes atomic batches (server 2.12)
    bool key_value = false;          // and what clients expect of a bucket's stream
    std::string transform_source{};  // subject_transform (server 2.10), empty for none
    std::string transform_target{};
};

// What to change of a stream; what is not set stays.
struct StreamChange {
    std::vector<std::string> add_subjects;
    std::optional<Duration> duplicate_window;
    bool allow_atomic = false;
    std::string transform_source;
    std::string transform_target;
};

// The request bodies, for their tests. Pure.
std::string consumer_body(const ConsumerWish& wish);
std::string stream_body(const StreamWish& wish);
Result<std::string> changed_config(std::string_view config_json, const StreamChange& change);

class NatsAdmin {
  public:
    NatsAdmin(NatsConnection& connection, const settings::Nats& nats,
              std::chrono::milliseconds timeout = std::chrono::seconds(3));

    [[nodiscard]] Result<AccountFound> account() const;
    // Every stream, or those with a subject in common with `filter`.
    [[nodiscard]] Result<std::vector<std::string>> stream_names(std::string_view filter = {}) const;
    [[nodiscard]] Result<StreamFound> stream(const std::string& name) const;
    [[nodiscard]] Result<std::vector<std::string>> consumer_names(const std::string& stream) const;
    [[nodiscard]] Result<ConsumerFound> consumer(const std::string& stream, const std::string& name) const;
    // The first message with a sequence of at least `sequence` that matches `filter`, from the stream's leader.
    [[nodiscard]] Result<StreamMessage> next_message(const std::string& stream, std::uint64_t sequence,
                                                     std::string_view filter) const;

    [[nodiscard]] Result<StreamFound> create_stream(const StreamWish& wish) const;
    [[nodiscard]] Result<StreamFound> change_stream(const std::string& name, const StreamChange& change) const;
    // Says `create`; a server before 2.10 takes it for an update where the consumer exists, so look first.
    [[nodiscard]] Result<ConsumerFound> create_consumer(const ConsumerWish& wish) const;
    Result<void> delete_consumer(const std::string& stream, const std::string& name) const;
    // One message, its bytes left to the stream's next cleaning up. `not_found` where it is gone already.
    [[nodiscard]] Result<void> delete_message(const std::string& stream, std::uint64_t sequence) const;

  private:
    [[nodiscard]] Result<std::string> ask(const std::string& what, std::string_view body) const;
    [[nodiscard]] Result<std::vector<std::string>> all_names(const std::string& what, const std::string& condition,
                                                             std::string_view member) const;

    NatsConnection& connection_;
    std::string prefix_;
    std::chrono::milliseconds timeout_;
};

// Reads the greeting of the server behind `url` (nats://host:port) over a connection of its own: version, name, limits.
Result<ServerInfo> read_server_info(const std::string& url, std::chrono::milliseconds timeout);

}  // namespace millrace::io
