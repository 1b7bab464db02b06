// Replica: one bridge process of the simulated deployment: a real Shard between the fakes, from its start to its end.
//
// It is turned when something arrives for it, when its engine's timer is due, and at the latest after the plan's
// `idle_turn`. Its clock starts at a place of its own and never steps back; its wall clock is off by some seconds.
// After death the fakes stay (something may still be on its way to them), the Shard is gone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "auth/key_file.h"
#include "bridge/protocols/protocol.h"
#include "bridge/shard/shard.h"
#include "tests/sim/fake_endpoint.h"
#include "tests/sim/fake_jetstream.h"
#include "tests/sim/oracle.h"
#include "tests/sim/plan.h"
#include "tests/sim/spotter.h"
#include "tests/sim/turns.h"

namespace millrace::sim {

class Replica {
  public:
    struct Parts {
        const Plan& plan;
        Scheduler& scheduler;
        SimServer& server;
        SimModel& model;
        std::uint32_t& busy;
        const LinkFaults& link;
        Oracle& oracle;
        Trace& trace;
        std::string name;
        std::uint64_t seed;
        Marks& marks;
        Chooser* chooser;             // of the exhaustive mode, or null
        std::function<void()> ended;  // it died or drained; called once, outside of a turn
        ModelsElsewhere* elsewhere = nullptr;
        ModelElsewhere* candidate = nullptr;
    };

    explicit Replica(Parts parts);
    ~Replica();
    Replica(const Replica&) = delete;
    Replica& operator=(const Replica&) = delete;

    [[nodiscard]] bool alive() const { return shard_ != nullptr; }
    [[nodiscard]] const std::string& name() const { return parts_.name; }
    [[nodiscard]] Snapshot snapshot() const { return shard_->snapshot(clock()); }
    [[nodiscard]] const Memory& memory() const { return memory_; }

    // Dies `calls` port calls from now, between two effects.
    void die_after(std::uint64_t calls) { gate_.die_after(calls); }
    // Dies now.
    void die() { end("dies"); }
    void freeze(Duration duration);
    void step_wall(Duration by) { wall_offset_ += by; }
    void disconnect(Duration duration) { jetstream_->disconnect(duration); }
    void drain(Duration within);
    // Stands still for ever, whatever it does: the end of a run.
    void stop();

  private:
    struct Watcher;

    void turn();
    void take_in();
    void watch();
    void end(std::string_view how);
    [[nodiscard]] Time clock() const { return parts_.scheduler.now() + clock_offset_; }

    Parts parts_;
    Turns turns_;
    Memory memory_;
    Gate gate_;
    Duration clock_offset_;
    Duration wall_offset_;
    SimJetStream::Arrivals arrivals_;
    std::unique_ptr<SimJetStream> jetstream_;
    std::unique_ptr<SimEndpoint> endpoint_;
    std::unique_ptr<protocols::Protocol> protocol_;
    Credentials credentials_;
    auth::KeyFile shadow_key_;
    Spotter spotter_;
    std::unique_ptr<Watcher> watcher_;
    std::unique_ptr<Shard> shard_;

    std::vector<Place> received_;  // since the last turn
    std::optional<Time> drain_deadline_;
};

}  // namespace millrace::sim
