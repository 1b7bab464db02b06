// SimStream: one JetStream stream as the model server keeps it: messages by sequence with their stored time, and
// Nats-Msg-Id deduplication over the whole stream within the duplicate window.
//
// Modelled after documented behaviour and held to the real server by tests/contract. Not here: retention limits,
// expected-sequence checks, rollups, mirrors.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/base/time.h"

namespace millrace::sim {

struct StreamConfig {
    std::string name;
    std::vector<std::string> subjects;  // filters; `*` and a final `>` as usual
    Duration duplicate_window = std::chrono::minutes(2);
    std::uint64_t max_message = 1 << 20;  // headers and payload, in bytes
};

struct StoredMessage {
    std::uint64_t sequence = 0;
    ServerTime stored_at{};
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
};

struct PubAck {
    std::optional<Error> error;
    std::uint64_t sequence = 0;
    bool duplicate = false;
};

class SimStream {
  public:
    SimStream(StreamConfig config, ServerTime created) : config_(std::move(config)), created_(created) {}

    [[nodiscard]] const StreamConfig& config() const { return config_; }
    [[nodiscard]] ServerTime created() const { return created_; }
    [[nodiscard]] bool captures(std::string_view subject) const;
    [[nodiscard]] std::uint64_t first_sequence() const { return messages_.empty() ? 0 : 1; }
    [[nodiscard]] std::uint64_t last_sequence() const { return messages_.size(); }
    [[nodiscard]] const std::vector<StoredMessage>& messages() const { return messages_; }
    // Requires: 1 <= sequence <= last_sequence().
    [[nodiscard]] const StoredMessage& at(std::uint64_t sequence) const { return messages_[sequence - 1]; }

    PubAck store(std::string subject, std::vector<Header> headers, std::string payload, ServerTime now);

  private:
    struct Seen {
        std::uint64_t sequence;
        ServerTime at;
    };

    StreamConfig config_;
    ServerTime created_;
    std::vector<StoredMessage> messages_;
    std::map<std::string, Seen, std::less<>> ids_;
};

// Whether `subject`, taken as literal tokens, is matched by `filter`.
bool subject_matches(std::string_view filter, std::string_view subject);
// The value of the first header of that name (exact case), or nothing.
std::optional<std::string_view> header_value(const std::vector<Header>& headers, std::string_view name);
std::uint64_t size_of(const std::vector<Header>& headers, std::string_view payload);

}  // namespace millrace::sim
