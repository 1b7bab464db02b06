// World: what a run is made of: a model server, a model endpoint, a publisher, replicas with their links, and an Oracle
// that watches. It does nothing by itself but let time pass and restart what has died; who lives in it is Run (a
// seed's two phases), a scenario written by hand, or the exhaustive mode.
//
// Lifetime: the plan is copied. Thread: one. A world is a function of its plan and of what is done to it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/plan.h"
#include "tests/sim/publisher.h"
#include "tests/sim/replica.h"

namespace millrace::sim {

struct World {
    World(const Plan& plan, bool print);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    void make_streams();
    void add_input();
    void add_audit();
    // Starts a replica in each place.
    void start();
    void start_replica(std::size_t place);
    [[nodiscard]] Duration up_to(Duration longest) { return random.between(std::chrono::milliseconds(1), longest); }

    // Runs until `limit`; false when a promise was broken.
    bool run_until(Time limit);
    // Every model, the first one first.
    [[nodiscard]] std::vector<SimModel*> models();
    // Runs until `done`, which is asked every second; false when a promise was broken or `within` is over.
    bool run_until(const std::function<bool()>& done, Duration within);
    // Every event settled, every message acked, but for those of a tenant whose events are refused for ever.
    [[nodiscard]] bool all_done();
    // Lets every replica that lives drain; false when one does not end.
    bool drain_all(Duration within);
    // What every replica and consumer is at.
    [[nodiscard]] std::string state_text();

    const Plan plan;
    Scheduler scheduler;
    Trace trace;
    SimServer server{scheduler};
    SimModel model;
    ModelsElsewhere elsewhere;
    ModelElsewhere candidate;  // of a shadow; none of models()
    Oracle oracle;
    Publisher publisher;
    Random random;
    std::vector<LinkFaults> links;  // by place
    Marks marks;
    Chooser* chooser = nullptr;                      // of the exhaustive mode
    std::uint32_t busy = 0;                          // requests at the model
    std::vector<std::unique_ptr<Replica>> replicas;  // the last one of each place, alive or not
    std::vector<std::unique_ptr<Replica>> graveyard;
    std::uint64_t started = 0;
    // When a replica that ended starts again; never for nothing.
    std::function<std::optional<Duration>(std::size_t place)> restart_after;
    bool closing = false;  // nothing starts again
};

}  // namespace millrace::sim
