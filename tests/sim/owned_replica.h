// OwnedReplica: one bridge process of the deployment whose partitions are owned: a real Shard between the fakes, from
// its start to its end. As Replica in all else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "auth/key_file.h"
#include "bridge/protocols/protocol.h"
#include "bridge/shard/shard.h"
#include "tests/sim/fake_endpoint.h"
#include "tests/sim/fake_jetstream.h"
#include "tests/sim/owned_oracle.h"
#include "tests/sim/owned_spotter.h"
#include "tests/sim/plan.h"
#include "tests/sim/turns.h"

namespace millrace::sim {

class OwnedReplica {
  public:
    struct Parts {
        const Plan& plan;
        Scheduler& scheduler;
        SimServer& server;
        SimModel& model;
        std::uint32_t& busy;  // requests the model has in work
        const LinkFaults& link;
        OwnedOracle& oracle;
        Trace& trace;
        std::string name;
        std::uint64_t seed;
        Marks& marks;
        Chooser* chooser;             // of the exhaustive mode, or null
        std::function<void()> ended;  // it died or drained; called once, outside of a turn
    };

    explicit OwnedReplica(Parts parts);
    ~OwnedReplica();
    OwnedReplica(const OwnedReplica&) = delete;
    OwnedReplica& operator=(const OwnedReplica&) = delete;

    [[nodiscard]] bool alive() const { return shard_ != nullptr; }
    [[nodiscard]] const std::string& name() const { return parts_.name; }
    [[nodiscard]] Snapshot snapshot() const { return shard_->snapshot(clock()); }

    void die_after(std::uint64_t calls) { gate_.die_after(calls); }
    void die() { end("dies"); }
    void freeze(Duration duration);
    [[nodiscard]] bool frozen() const { return parts_.scheduler.now() < turns_.frozen_until(); }
    void disconnect(Duration duration) { jetstream_->disconnect(duration); }
    void drain(Duration within);
    void stop();

  private:
    struct Watcher;

    void watch();
    void turn();
    void end(std::string_view how);
    [[nodiscard]] Time clock() const { return parts_.scheduler.now() + clock_offset_; }

    Parts parts_;
    Turns turns_;
    Gate gate_;
    Duration clock_offset_;
    SimJetStream::Arrivals arrivals_;
    std::unique_ptr<SimJetStream> jetstream_;
    std::unique_ptr<Watcher> watcher_;
    std::unique_ptr<SimEndpoint> endpoint_;
    std::unique_ptr<protocols::Protocol> protocol_;
    Credentials credentials_;
    std::unique_ptr<Shard> shard_;
    OwnedSpotter spotter_;
    std::optional<Time> drain_deadline_;
};

}  // namespace millrace::sim
