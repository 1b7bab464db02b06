// SimServer: the model of a nats-server with JetStream. It outlives the bridges that crash around it.
//
// What is called here has *reached* the server; what happens on the way there and back is fake_jetstream's. While the
// server is down nothing reaches it. Streams, messages and consumers survive a restart; pull requests, connections and
// the time of a consumer's last activity do not.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/scheduler.h"
#include "tests/sim/sim_consumer.h"
#include "tests/sim/sim_stream.h"

namespace millrace::sim {

// What becomes of a client's publication while the outputs are in trouble.
enum class Fate {
    stored,
    unanswered,  // stored, and nobody says so
    lost,        // not stored, and nobody says so
    no_leader,
    full,    // discard new, and no room
    denied,  // no permission
};

class SimServer {
  public:
    // What a checker wants to see at the moment it happens on the server.
    struct Watch {
        std::function<void(const SimStream&, const StoredMessage&)> stored = [](const auto&, const auto&) {};
        // Stored together, before `stored` tells of each, the last one first.
        std::function<void(const std::vector<StoredMessage>&)> together = [](const auto&) {};
        std::function<void(const SimConsumer&, std::uint64_t sequence)> acked = [](const auto&, auto) {};
    };

    explicit SimServer(Scheduler& scheduler) : scheduler_(scheduler) {}
    SimServer(const SimServer&) = delete;
    SimServer& operator=(const SimServer&) = delete;

    void watch(Watch watch) { watch_ = std::move(watch); }

    SimStream& add_stream(StreamConfig config);
    // Gives the consumer of that name, made from `config` where there is none yet.
    SimConsumer& add_consumer(std::string_view stream, ConsumerConfig config);
    void delete_consumer(std::string_view stream, std::string_view name);
    // And its consumers.
    void delete_stream(std::string_view name);
    [[nodiscard]] SimStream* stream(std::string_view name);
    [[nodiscard]] SimStream* stream_of_subject(std::string_view subject);
    [[nodiscard]] SimConsumer* consumer(std::string_view stream, std::string_view name);
    [[nodiscard]] std::vector<SimConsumer*> consumers();

    [[nodiscard]] bool up() const { return up_; }
    void stop(Duration unflushed_acks = {});
    void start();
    // The consumers have no leader, and forget what a leader alone knows.
    void lose_leader();
    void gain_leader();
    // Asked for each publication of a client; nothing is in the way where `fate` is empty.
    void set_fate(std::function<Fate()> fate) { fate_ = std::move(fate); }
    [[nodiscard]] bool suffers() const { return static_cast<bool>(fate_); }
    // A consumer does not say when it was last active, as old servers do.
    void set_forgetful(bool forgetful) { forgetful_ = forgetful; }
    [[nodiscard]] bool forgetful() const { return forgetful_; }
    [[nodiscard]] bool has_leader() const { return has_leader_; }
    // Whether a publisher can store messages there now.
    [[nodiscard]] bool takes(std::string_view stream) const { return up_ && has_leader_ && streams_.contains(stream); }

    ClientId connect(PullSink& sink);
    void disconnect(ClientId client);
    // The socket is gone but the server has not noticed: requests stay, what is sent is lost.
    void half_open(ClientId client) { sinks_.erase(client); }

    // As `publish`, unless something is in the way. Nothing where there is no answer.
    std::optional<PubAck> publish_by_client(std::string subject, std::vector<Header> headers, std::string payload);
    std::optional<PubAck> publish_together_by_client(std::vector<Unstored> batch);
    // A publish to no stream's subject has no responders.
    PubAck publish(std::string subject, std::vector<Header> headers, std::string payload);
    // To the stream of the last one.
    PubAck publish_together(const std::vector<Unstored>& batch);
    void pull(ClientId client, std::string_view stream, std::string_view consumer, const PullRequest& request);
    // `body` as on the wire: +ACK, -NAK, -NAK {"delay":ns}, +WPI.
    void answer_delivery(std::string_view ack_subject, std::string_view body);

  private:
    // Whether what a client publishes is stored, and what it hears where it is not.
    template <typename Publish>
    std::optional<PubAck> by_client(Publish publish);
    void pump_consumers(const SimStream& stream);

    Scheduler& scheduler_;
    Watch watch_;
    bool up_ = true;
    bool has_leader_ = true;
    bool forgetful_ = false;
    std::function<Fate()> fate_;
    ClientId last_client_ = 0;
    std::map<ClientId, PullSink*> sinks_;
    std::map<std::string, std::unique_ptr<SimStream>, std::less<>> streams_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<SimConsumer>> consumers_;
    std::vector<std::unique_ptr<SimConsumer>> deleted_;  // the scheduler still knows them
    std::vector<std::unique_ptr<SimStream>> deleted_streams_;
};

}  // namespace millrace::sim
