// Shard: one engine joined to its adapters on one thread.
//
//     mailbox and responses → decode → engine.step → effects → JetStream, endpoint
//
// The shard decides nothing. It turns arrivals into engine inputs (decoding events, classifying answers) and carries
// out the engine's effects (encoding requests, rendering and checking publications). The loop in app/ and the
// simulator call the same `turn`.
//
// Thread: one. Only the mailbox and `Endpoint::wake` are touched by others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/mailbox.h"
#include "bridge/base/snapshot.h"
#include "bridge/base/time.h"
#include "bridge/ports/endpoint.h"
#include "bridge/ports/jetstream.h"
#include "bridge/ports/observer.h"
#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"
#include "bridge/shard/credentials.h"

namespace millrace {

class Shard {
  public:
    using Arrivals = Mailbox<ports::JetStreamArrival>;

    // Everything outlives the shard.
    struct Parts {
        const settings::Pipeline& pipeline;
        std::vector<Partition> partitions;  // served by this shard
        ports::JetStream& jetstream;
        Arrivals& arrivals;  // where `jetstream` puts what comes back; wakes `endpoint`
        ports::Endpoint& endpoint;
        protocols::Protocol& protocol;
        Credentials& credentials;
        ports::Observer& observer;
        std::uint64_t seed;                   // for jitter and request ids
        std::string signature_url{};          // where the endpoint may publish what it takes; empty: it is not asked
        auth::KeyFile* shadow_key = nullptr;  // of the shadow endpoint, where there is one
    };

    explicit Shard(const Parts& parts);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // One turn of the loop: takes what has arrived, steps the engine, carries out the effects. Does not block, and
    // takes about 5,000 events at most, so that a turn ends: while more has arrived `until_due` is zero. `wall` is the
    // wall clock, used for latencies only.
    void turn(Time now, ServerTime wall);
    // Blocks until something arrives or the engine's next timer is due, at most `limit`.
    void wait(Time now, Duration limit);
    // How long until the engine wants a turn although nothing arrives; zero when it wants one now.
    [[nodiscard]] Duration until_due(Time now) const;

    // Stop pulling, finish what is in hand, and at `deadline` let go of the rest with a nak.
    void drain(Time deadline);
    // Drained: nothing is left in hand.
    [[nodiscard]] bool drained() const;
    [[nodiscard]] Snapshot snapshot(Time now) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace
