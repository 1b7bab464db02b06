// ShardWorld: everything outside of one shard, small enough to be told what to do byte by byte: a server with an input
// of a dozen messages and an output with a duplicate window, an endpoint, an observer. It checks the promises that can
// be seen from there, at each call:
//
//     acked_after_stored  an ack only when each event of the message is in the output; at most one for a delivery
//     settled_once        nothing is stored twice, unless its redelivery came half a duplicate window after it was
//     stored:
//                         publishing it may take as long again
//     conviction          what the endpoint decides is a dead letter on two answers to the event alone
//     batch_integrity     a result carries the score of its own row
//     one_tenant          an event's subject is its tenant's, and a request holds rows that one tenant sent
//     in_flight           at most partitions x parallel_requests_per_partition requests
//     fresh               nothing is published for a delivery not touched for ack_wait
//     no_lying_health     able to work is not said without a connection; no note quotes an event
//
// It is a server's doing whether an answer comes, so the fates of publications and acks are drawn from the tape, too;
// on an empty tape all goes well. What is asked waits here until the script answers it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/codec/event_decoder.h"
#include "bridge/ports/endpoint.h"
#include "bridge/ports/jetstream.h"
#include "bridge/ports/observer.h"
#include "bridge/settings/settings.h"
#include "tests/fuzz/tape.h"

namespace millrace::fuzz {

inline constexpr std::uint64_t kMessages = 12;  // sequences 1 … 12
inline constexpr std::string_view kCanary = "canary";

class ShardWorld : public ports::JetStream, public ports::Endpoint, public ports::Observer {
  public:
    // A message of the input stream, the same each time it is delivered.
    struct Message {
        std::string subject;
        std::string payload;
        std::string tenant;  // empty: unroutable
        std::vector<Identity> identities;
        std::vector<std::string> rows;  // by element; empty for a fault
        std::uint64_t delivered = 0;
        bool acked = false;
        bool given_back = false;
        Time delivered_at{};   // the last time
        Time touched_by_us{};  // arrival, in-progress: as the shard counts
        Time touched{};        // as the server counts
    };
    struct Request {
        RequestId id{};
        std::vector<std::string> rows;
    };
    struct Pull {
        PullRequest request;
        Time opened{};
    };

    ShardWorld(const settings::Pipeline& pipeline, Tape& tape) : pipeline_(pipeline), tape_(tape), decoder_(pipeline) {}

    // The input's message of that sequence, made by the first who asks.
    Message& message(std::uint64_t sequence, std::string token, std::string payload);
    ports::Message deliver(std::uint64_t sequence, std::uint32_t slot);
    // The partition's message that the server wants to deliver again. It comes before any that is new, and while it
    // waits no request is told that there is nothing.
    [[nodiscard]] std::optional<std::uint64_t> due_again(Partition partition) const;
    [[nodiscard]] Bound bound(Partition partition, bool tells_idle, std::uint64_t max_payload);
    [[nodiscard]] Found found(std::uint64_t number) const;
    // Notes what the answer does to the rows of the request.
    void answering(const Request& request, bool honest);
    [[nodiscard]] ServerTime server_now() const { return ServerTime(now.time_since_epoch()); }
    [[nodiscard]] Partition partition_of(std::uint64_t sequence) const {
        return static_cast<Partition>(sequence % pipeline_.partitions);
    }

    Time now{std::chrono::hours(1000)};
    bool connected = true;
    std::size_t calls = 0;  // through any door since it was last set to zero
    void tell(std::string_view what, std::string_view about = {}) const;
    Duration duplicate_window = std::chrono::minutes(2);
    std::map<std::uint64_t, Message> messages;
    std::vector<Partition> binds;
    std::vector<Pull> pulls;
    std::vector<Request> requests;
    std::vector<Stored> answers;  // to publications
    std::vector<Find> finds;
    std::vector<ports::HttpResponse> responses;
    bool halted = false;

    void bind(Partition partition) override;
    void pull(const PullRequest& request) override;
    void ack(const std::string& ack_subject) override;
    void nak(const std::string& ack_subject, Duration delay) override;
    void in_progress(const std::string& ack_subject) override;
    void publish(ports::Publication publication) override;
    void publish_together(std::vector<ports::Publication>) override { MILLRACE_CHECK(false, "owned partitions only"); }
    void post(ports::Publication) override { MILLRACE_CHECK(false, "there is no shadow"); }
    void find(const Find& find) override;
    // Of owned partitions.
    void look(const Look&) override {}
    void position(const Position&) override {}
    void read(const Read&) override {}
    void purge(const Purge&) override {}
    void flush() override {}

    void send(ports::HttpRequest request) override;
    void wait(Duration timeout, std::vector<ports::HttpResponse>& out) override;
    void wake() override {}
    void cancel_all() override {}

    void received(std::size_t, std::size_t, bool) override {}
    void settled(std::string_view, Ending, std::optional<Reason>, bool, Duration) override {}
    void applied(const Fates&) override {}
    void acked() override {}
    void requested(std::size_t) override {}
    void answered(std::size_t, Outcome, int, Duration) override {}
    void shadowed(ShadowCount, std::size_t) override {}
    void note(const Note& note) override;
    void publish(const Snapshot& snapshot) override;

  private:
    struct Row {
        std::set<std::string> tenants;
        std::uint32_t refused_alone = 0;
        bool answered_oddly = false;  // its score is anybody's guess
    };

    // Counts a call and, with FUZZ_TRACE in the environment, tells of it.
    void called(std::string_view what, std::string_view about = {});
    Message& of(const std::string& ack_subject);
    void check_publication(const ports::Publication& publication, const Message& message, std::size_t element) const;

    const settings::Pipeline& pipeline_;
    Tape& tape_;
    codec::EventDecoder decoder_;
    std::map<std::string, std::uint64_t> deliveries_;  // ack subject → sequence
    std::set<std::string> done_;                       // ack subjects that were acked or given back
    std::map<Identity, std::pair<std::uint64_t, std::size_t>> events_;
    std::map<std::string, Row> rows_;
    std::map<Identity, Time> output_;  // when it was stored last
    std::uint64_t stored_ = 0;
    std::uint64_t consumer_sequence_ = 0;
    std::uint64_t max_payload_ = 1 << 20;
    Time last_active_{};
};

}  // namespace millrace::fuzz
