// NatsJetStream: the door to JetStream (ports/jetstream.h) on libnats' core API.
//
// Pulls and acks are plain messages of our own making; libnats' JetStream calls are not used: its acks crash on
// messages of a core subscription, and its fetch hides which request a message answers. Each pull slot has a
// subscription of its own, so a message tells its slot; a status tells the number of its request too.
//
// A connection of its own, on which nothing is buffered while it is down: a publication made then is answered
// `unavailable` at once, pulls and acks are dropped, and the engine asks anew after Reconnected.
//
// Thread: the port's calls from the shard's thread. `bind`, `look`, `position` and `find` are carried out one after the
// other by a worker thread; a connection, the worker and libnats' few threads are all there is.
// Bound: messages asked for; binds, looks and positions that differ; searches asked for.
#pragma once

#include <memory>
#include <string>

#include "bridge/base/mailbox.h"
#include "bridge/io/nats_connection.h"
#include "bridge/ports/jetstream.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

class NatsJetStream final : public ports::JetStream {
  public:
    using Arrivals = Mailbox<ports::JetStreamArrival>;

    // `pipeline` and `arrivals` outlive it. Connects in the background.
    NatsJetStream(const settings::Nats& nats, const settings::Pipeline& pipeline, Arrivals& arrivals);
    ~NatsJetStream() override;

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

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::io
