// SimJetStream: the simulator's ports::JetStream, one connection of one replica to the SimServer, through a link that
// delays, loses, doubles and reorders what passes, as `LinkFaults` says, and that can be cut.
//
// Calls are collected until `flush`, as a client library's write buffer does. Answers come in virtual time into the
// mailbox. A publication on its way when the link is cut may still land. While the process is frozen, what arrives
// waits in front of it and is taken in on thawing.
// Lifetime: stays alive, dead or not, until the Scheduler has run dry of its actions.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/mailbox.h"
#include "bridge/ports/jetstream.h"
#include "bridge/settings/outputs.h"
#include "bridge/settings/settings.h"
#include "tests/sim/gate.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/trace.h"

namespace millrace::sim {

// Probabilities per message; all zero is a healthy link.
struct LinkFaults {
    double lose_delivery = 0;
    double double_delivery = 0;
    double lose_status = 0;
    double lose_pull = 0;
    double lose_ack = 0;
    double lose_progress = 0;
    double lose_publish = 0;
    double double_publish = 0;
    double lose_puback = 0;
    double fail_bind = 0;
    double fail_find = 0;
    // Of what only the owners of partitions use.
    double lose_read = 0;      // or its answer
    double stale_read = 0;     // a leader just elected that does not know the newest message yet
    double double_answer = 0;  // of a read or a publication with an expected sequence
    double lose_purge = 0;
    double reorder = 0;
    double slow = 0;  // takes up to `slowest`
    Duration slowest = std::chrono::seconds(5);
};

class SimJetStream final : public ports::JetStream, private PullSink {
  public:
    using Arrivals = Mailbox<ports::JetStreamArrival>;

    // What a checker wants to see of this client.
    struct Watch {
        std::function<void(const ports::Publication&)> publishing = [](const auto&) {};
        std::function<void(const std::vector<ports::Publication>&)> publishing_together = [](const auto&) {};
        std::function<void(const std::string& ack_subject)> progressed = [](const auto&) {};
        std::function<void(const Delivered&, std::string_view consumer)> arrived = [](const auto&, auto) {};
        std::function<void(const std::string& ack_subject)> acking = [](const auto&) {};
        std::function<void(const std::string& ack_subject)> naking = [](const auto&) {};
        std::function<void(const Find&)> finding = [](const auto&) {};
        std::function<void(const Position&)> positioning = [](const auto&) {};
        std::function<void(const Read&)> reading = [](const auto&) {};
        std::function<void(const Purge&)> purging = [](const auto&) {};
        // Put into the mailbox.
        std::function<void(const ports::JetStreamArrival&)> told = [](const auto&) {};
    };

    struct Parts {
        const settings::Pipeline& pipeline;
        Scheduler& scheduler;
        SimServer& server;
        Arrivals& arrivals;
        Gate& gate;
        const LinkFaults& faults;  // read at each message; whoever owns it may change it
        Trace& trace;
        std::uint64_t seed;
        std::string name;            // for the trace
        Chooser* chooser = nullptr;  // says what is lost, instead of the probabilities
    };

    explicit SimJetStream(Parts parts);

    void watch(Watch watch) { watch_ = std::move(watch); }

    void bind(Partition partition) override;
    void look(const Look& look) override;
    void position(const Position& position) override;
    void pull(const PullRequest& request) override;
    void ack(const std::string& ack_subject) override;
    void nak(const std::string& ack_subject, Duration delay) override;
    void in_progress(const std::string& ack_subject) override;
    void publish(ports::Publication publication) override;
    void publish_together(std::vector<ports::Publication> publications) override;
    void post(ports::Publication publication) override;
    void find(const Find& find) override;
    void read(const Read& read) override;
    void purge(const Purge& purge) override;
    void flush() override;

    // As it was last told to the shard.
    [[nodiscard]] bool told_connected() const { return told_connected_; }
    // Cuts the connection; it comes back after `duration`, or later when the server is down then.
    void disconnect(Duration duration);
    // Calls that were not flushed yet.
    [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }
    // The process is gone: part of what was not flushed may still have left, and nothing arrives any more.
    void die();
    // Until `until` nothing arrives; it waits.
    void freeze(Time until);

  private:
    using Action = std::function<void()>;

    void deliver(const PullRequest& request, const Delivered& delivered, const StoredMessage& message) override;
    void status(const PullRequest& request, int code, std::string description) override;
    void cut() override;

    [[nodiscard]] bool is_lost(double probability, std::string_view kind);
    // Runs at the server when it gets there, unless lost.
    void out(double loss, std::string_view kind, Action at_server);
    // Puts an arrival into the mailbox when it gets here, unless lost.
    void in(double loss, std::string_view kind, std::function<ports::JetStreamArrival()> make);
    // The client library's own word, which no link loses.
    void tell(std::function<ports::JetStreamArrival()> make) { hand_in(epoch_, std::move(make)); }
    void hand_in(std::uint64_t epoch, std::function<ports::JetStreamArrival()> make);
    void thaw();
    void reconnect();
    void land(const ports::Publication& publication);
    // The server's answer, on its way back.
    void tell_stored(StoreId id, const PubAck& ack, bool may_double);
    [[nodiscard]] Time arrival(Time& last_in_line);
    // Asks with `walk`, at the server, and tells its answer, or that there was none.
    void ask(Partition partition, std::optional<Position> position, std::function<Result<Bound>()> walk);
    [[nodiscard]] Result<Bound> look_up(Partition partition);
    [[nodiscard]] Result<Bound> look_at(const Look& look);
    [[nodiscard]] Result<Bound> take_position(const Position& position);
    [[nodiscard]] Result<Bound> streams(Partition partition);
    [[nodiscard]] std::string consumer_of(Partition partition) const;
    [[nodiscard]] Found search(const Find& find);
    [[nodiscard]] GotMessage look_for(const Read& read, bool stale);

    Parts parts_;
    Watch watch_;
    Random random_;
    std::vector<settings::OutputRow> outputs_;
    Random owners_random_;  // for what shared pipelines do not use, so that it does not shift what they see
    std::map<Partition, std::string> positioned_;
    ClientId client_ = 0;
    std::uint64_t epoch_ = 0;  // grows with each connection
    bool connected_ = true;
    bool told_connected_ = true;
    bool dead_ = false;
    Time frozen_until_{};
    Time last_out_{};
    Time last_in_{};
    std::vector<Action> unsent_;
    struct Held {
        std::uint64_t epoch;
        std::function<ports::JetStreamArrival()> make;
    };
    std::deque<Held> held_;  // arrived while frozen
};

}  // namespace millrace::sim
