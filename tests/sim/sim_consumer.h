// SimConsumer: a durable pull consumer as the model server keeps it. With the ack policy "all" an ack covers whatever
// was delivered before it.
//
// Redeliveries go before new messages and pass max_ack_pending, which stalls new ones only; a message in nak delay
// keeps counting there. Overlapping pull requests are served in turn, one message each. Acks are matched by stream
// sequence alone, so a late one from an old delivery counts. A request ends when it is filled, when it expires (408) or
// when its bytes do not reach for the next message (409); while it is idle it is told 100 every heartbeat.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/stream.h"
#include "bridge/base/time.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/sim_stream.h"

namespace millrace::sim {

using ClientId = std::uint64_t;

struct ConsumerConfig {
    std::string name = {};
    std::string filter = {};
    Duration ack_wait = std::chrono::seconds(30);
    std::int64_t max_deliver = -1;
    std::uint32_t max_ack_pending = 1000;
    std::uint64_t start_sequence = 1;
    std::optional<ServerTime> start_time = {};
    std::string ack_policy = "explicit";  // or "all"
};

struct Delivered {
    std::uint64_t stream_sequence = 0;
    std::uint64_t consumer_sequence = 0;
    std::uint64_t count = 1;
    std::uint64_t pending = 0;
    ServerTime stream_created{};
    std::string consumer{};
};

// Where the server sends what belongs to one client's pull requests.
class PullSink {
  public:
    virtual ~PullSink() = default;
    virtual void deliver(const PullRequest& request, const Delivered& delivered, const StoredMessage& message) = 0;
    virtual void status(const PullRequest& request, int code, std::string description) = 0;
    // The server closed the connection.
    virtual void cut() = 0;
};

class SimConsumer {
  public:
    // `sink_of` gives the sink of a client, or null when its connection is gone: what is sent then is lost.
    using SinkOf = std::function<PullSink*(ClientId)>;

    SimConsumer(ConsumerConfig config, const SimStream& stream, Scheduler& scheduler, SinkOf sink_of);

    [[nodiscard]] const ConsumerConfig& config() const { return config_; }

    void pull(ClientId client, const PullRequest& request);
    // The messages that were pending and now are not.
    std::vector<std::uint64_t> ack(std::uint64_t stream_sequence);
    void nak(std::uint64_t stream_sequence, Duration delay);
    void in_progress(std::uint64_t stream_sequence);
    // The client's connection is gone: its requests have no interest any more.
    void forget(ClientId client);
    // The consumer is deleted: its requests are told so, and nothing comes any more.
    void end();
    // Its leader is gone: its requests are told so; nothing is taken or sent before `start`.
    void lose_leader();

    // The server stops: requests and the memory of the last activity are lost; of the acks, those younger than
    // `unflushed` are forgotten too and their messages pending again.
    void stop(Duration unflushed);
    void start();
    // Something may be deliverable: called when the stream grew.
    void pump();

    [[nodiscard]] std::uint64_t ack_pending() const { return pending_.size(); }
    [[nodiscard]] std::uint64_t ack_floor() const;
    [[nodiscard]] std::uint64_t delivered_sequence() const { return delivered_; }
    [[nodiscard]] std::optional<ServerTime> last_active() const { return last_active_; }
    [[nodiscard]] std::optional<std::uint64_t> oldest_pending() const;
    // The first message it is not done with, delivered or not.
    [[nodiscard]] std::optional<std::uint64_t> oldest_unacked() const;
    // Messages that no delivery has tried yet.
    [[nodiscard]] std::uint64_t undelivered() const;
    // The stream sequences delivered and not acked.
    [[nodiscard]] std::vector<std::uint64_t> pending() const;
    struct Wait {
        Time due;
        std::uint64_t count = 0;
    };
    // Of a message that is delivered and not acked: when it is delivered again, and how often it was.
    [[nodiscard]] std::optional<Wait> waits(std::uint64_t sequence) const;
    // Given up on after max_deliver.
    [[nodiscard]] const std::vector<std::uint64_t>& given_up() const { return given_up_; }

  private:
    struct Pending {
        Time due;  // when it is delivered again
        std::uint64_t count = 0;
    };
    struct Waiting {
        ClientId client;
        PullRequest request;
        Time expires;
        Time idle_since;
        std::uint32_t left;
        std::uint64_t bytes_left;
    };

    void wake_at(Time when);
    void expire();
    void beat();
    [[nodiscard]] bool wants(std::uint64_t sequence) const;
    std::optional<std::uint64_t> next_due();
    std::optional<std::uint64_t> next_new();
    bool serve(std::uint64_t sequence);
    void send_status(const Waiting& waiting, int code, std::string description);

    ConsumerConfig config_;
    const SimStream& stream_;
    Scheduler& scheduler_;
    SinkOf sink_of_;
    bool up_ = true;
    std::uint64_t cursor_ = 0;  // stream sequence looked at last
    std::uint64_t delivered_ = 0;
    std::uint64_t consumer_sequence_ = 0;
    std::map<std::uint64_t, Pending> pending_;
    std::deque<Waiting> waiting_;
    std::deque<std::pair<std::uint64_t, Time>> recent_acks_;
    std::map<std::uint64_t, std::uint64_t> counts_;  // deliveries of acked messages, should a restart bring them back
    std::optional<ServerTime> last_active_;
    std::vector<std::uint64_t> given_up_;
};

}  // namespace millrace::sim
