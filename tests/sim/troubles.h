// Troubler: what goes wrong in the first phase of a run, each kind at random times with the mean the plan gives.
//
// Kinds are rows of one table. A trouble that lasts ends by itself, also after `end`, which only lets no new one begin
// and lifts what stands in the way of publications and leaders.
#pragma once

#include <span>
#include <string_view>

#include "tests/sim/server_troubles.h"
#include "tests/sim/world.h"

namespace millrace::sim {

class Troubler {
  public:
    explicit Troubler(World& world)
        : world_(world),
          server_(world.server, world.scheduler, world.trace, Random(world.plan.seed, "troubles fates")) {}

    void begin();
    void end() { on_ = false; }
    [[nodiscard]] bool on() const { return on_; }

  private:
    struct Kind {
        std::string_view name;
        Trouble Troubles::* trouble;
        void (Troubler::*happen)(Random&, const Trouble&);
        bool plain;  // draws from the world's numbers, as the first kinds do
    };
    static std::span<const Kind> kinds();
    void every(const Kind& kind, Random& random);

    void crash(Random&, const Trouble&);
    void roll(Random&, const Trouble&);
    void freeze(Random&, const Trouble&);
    void disconnect(Random&, const Trouble&);
    void stop_server(Random&, const Trouble&);
    void change_condition(Random&, const Trouble&);
    void change_leader(Random&, const Trouble&);
    void delete_consumer(Random&, const Trouble&);
    void fill_output(Random&, const Trouble&);
    void deny(Random&, const Trouble&);
    void step_wall(Random&, const Trouble&);
    void step_clock(Random&, const Trouble&);
    void make_input_anew(Random&, const Trouble&);
    void change_contract(Random&, const Trouble&);

    Replica* any_replica(Random& random);

    World& world_;
    ServerTroubles server_;
    std::vector<Random> randoms_;  // one per kind that is not plain
    bool on_ = true;
};

}  // namespace millrace::sim
