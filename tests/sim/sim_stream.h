// SimStream: one JetStream stream as the model server keeps it: messages by sequence with their stored time,
// Nats-Msg-Id deduplication over the whole stream within the duplicate window, and compare-and-set on a subject.
//
// Modelled after documented behaviour and held to the real server by tests/contract. Not here: what limits and
// retention drop, rollups, mirrors.
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
    // Servers differ: whether what is stored already is refused for its expected sequence or found a duplicate.
    bool expects_first = false;
    bool allow_atomic = false;
    // Remembered, not modelled: a stream is refused for them.
    std::string retention = "limits";
    std::string discard = "old";
    Duration max_age{};
    std::int64_t max_msgs_per_subject = -1;
};

struct StoredMessage {
    std::uint64_t sequence = 0;
    ServerTime stored_at{};
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
    bool gone = false;  // removed; its place is kept
};

struct Unstored {
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
    [[nodiscard]] std::uint64_t first_sequence() const;
    [[nodiscard]] std::uint64_t last_sequence() const { return messages_.size(); }
    [[nodiscard]] const std::vector<StoredMessage>& messages() const { return messages_; }
    // Requires: 1 <= sequence <= last_sequence().
    [[nodiscard]] const StoredMessage& at(std::uint64_t sequence) const { return messages_[sequence - 1]; }

    // What STREAM.MSG.GET gives; null where there is no such message. `filter` may have wildcards.
    [[nodiscard]] const StoredMessage* message(std::uint64_t sequence) const;
    [[nodiscard]] const StoredMessage* last(std::string_view filter) const;
    [[nodiscard]] const StoredMessage* next(std::string_view filter, std::uint64_t sequence) const;

    PubAck store(std::string subject, std::vector<Header> headers, std::string payload, ServerTime now);
    // All, or none and why.
    PubAck store_together(const std::vector<Unstored>& batch, ServerTime now);
    // Removes what matches and has a smaller sequence.
    void purge(std::string_view filter, std::uint64_t below);

  private:
    [[nodiscard]] bool as_expected(std::string_view subject, const std::vector<Header>& headers) const;

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
