// The door to JetStream, as the shard uses it. io/nats_jetstream is the real one; the simulator has a fake, and the
// contract tests (tests/contract) run the same cases on both.
//
// Thread: every call comes from the shard's own thread and returns at once. What comes back arrives in the Arrivals
// mailbox given at construction, from any thread, and the mailbox wakes the shard.
// Lifetime: string arguments are copied before a call returns.
// Not here: no retry, no time-out, no decision. An answer that never comes is the engine's to notice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/ids.h"
#include "bridge/base/note.h"
#include "bridge/base/stream.h"
#include "bridge/base/time.h"

namespace millrace::ports {

// A message as it came off the wire.
struct Message {
    Partition partition = 0;
    std::uint32_t slot = 0;
    std::string subject;
    std::string reply;  // the ack subject
    std::vector<Header> headers;
    Payload payload;
};

// A message to be stored, complete and checked by subjects/. `headers` includes Nats-Msg-Id where it has an identity.
struct Publication {
    StoreId id{};
    Output output{};
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
    // Store it only while the last message of `subject` has this sequence; 0 where it has none.
    std::optional<std::uint64_t> expected_last_subject_sequence{};
};

using JetStreamArrival =
    std::variant<Message, PullStatus, Bound, BindFailed, Stored, Found, GotMessage, Disconnected, Reconnected, Note>;

class JetStream {
  public:
    virtual ~JetStream() = default;

    // Finds or creates the partition's consumer, finds the output streams, and reads their limits. Answers Bound or
    // BindFailed. Never creates a stream. For shared pipelines.
    virtual void bind(Partition partition) = 0;
    // The same without a consumer, for owned pipelines: answers Bound or BindFailed. Afterwards there can be published,
    // read and searched.
    virtual void look(const Look& look) = 0;
    // The same, and makes the position's consumer, which pulls go to from then on; removes the partition's consumers of
    // earlier positions. Answers Bound or BindFailed, both with the position.
    virtual void position(const Position& position) = 0;
    virtual void pull(const PullRequest& request) = 0;
    virtual void ack(const std::string& ack_subject) = 0;
    virtual void nak(const std::string& ack_subject, Duration delay) = 0;
    virtual void in_progress(const std::string& ack_subject) = 0;
    virtual void publish(Publication publication) = 0;
    // Stores all or none, in their order, in the stream of the last one; answers Stored once, with the last one's id
    // and sequence. Requires: Bound::together of each output, at most kMostTogether, one with an expected sequence at
    // most.
    virtual void publish_together(std::vector<Publication> publications) = 0;
    // For whoever listens: stored by whichever stream takes the subject, once, or not at all. No output of the pipeline
    // is meant, nothing of a bind is needed, and no other call sees whether it went well. Answers Stored.
    virtual void post(Publication publication) = 0;
    virtual void find(const Find& find) = 0;
    // Answers GotMessage.
    virtual void read(const Read& read) = 0;
    // No answer; a failure is a Note.
    virtual void purge(const Purge& purge) = 0;
    // Sends what the calls above have written; called once at the end of each turn that wrote something.
    virtual void flush() = 0;
};

}  // namespace millrace::ports
