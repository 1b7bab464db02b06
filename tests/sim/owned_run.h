// OwnedRun: one seed's run with owned partitions, in the two phases of Run: troubled, and healed. Once healed, every
// window the input lets be closed is closed within kHealWithin of virtual time, every replica says that it is able to
// work, and then drains.
#pragma once

#include <span>
#include <string_view>

#include "tests/sim/owned_world.h"
#include "tests/sim/run.h"
#include "tests/sim/server_troubles.h"

namespace millrace::sim {

class OwnedRun {
  public:
    static constexpr Duration kHealWithin = std::chrono::minutes(15);

    OwnedRun(const Plan& plan, bool print)
        : world_(plan, print),
          server_(world_.server, world_.scheduler, world_.trace, Random(plan.seed, "owned fates")),
          random_(plan.seed, "owned troubles") {}
    Report go();

  private:
    // What goes wrong now and then (owned_troubles.cc).
    struct Kind {
        std::string_view name;
        Trouble Troubles::* trouble;
        void (OwnedRun::*happen)(const Trouble&);
    };
    static std::span<const Kind> kinds();
    void begin_troubles();
    void every(const Kind& kind);
    OwnedReplica* any_replica();
    Duration up_to(Duration longest) { return random_.between(Duration(std::chrono::milliseconds(1)), longest); }
    void crash(const Trouble&);
    void roll(const Trouble&);
    void freeze(const Trouble&);
    void disconnect(const Trouble&);
    void stop_server(const Trouble&);
    void change_leader(const Trouble&);
    void delete_consumer(const Trouble&);
    void fill_output(const Trouble&);
    void deny(const Trouble&);
    void step_clock(const Trouble&);
    void change_condition(const Trouble&);
    void trim(const Trouble&);

    // What only a person can end (owned_disasters.cc): in some runs one of these happens last, and its halt is waited
    // for. False where the streams are such that it cannot be.
    struct Disaster {
        std::string_view halt;
        bool (OwnedRun::*strike)();
    };
    static std::span<const Disaster> disasters();
    void end_badly();
    void kill_all();
    bool lose_the_unread();
    bool make_input_anew();
    bool restore_older_state();
    bool damage_state();
    bool go_back_a_generation();

    void publish();
    void heal();
    void expect_recovery();
    void expect_health();

    OwnedWorld world_;
    ServerTroubles server_;
    Random random_;
    bool troubled_ = true;
    Duration server_ahead_{};
};

}  // namespace millrace::sim
