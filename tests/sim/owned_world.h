// OwnedWorld: what a run with owned partitions is made of, as World is for shared ones: a model server, a publisher,
// replicas with their links, and an OwnedOracle that watches. It lets time pass and restarts what has died.
//
// Lifetime: the plan is copied. Thread: one. A world is a function of its plan and of what is done to it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/owned_publisher.h"
#include "tests/sim/owned_replica.h"

namespace millrace::sim {

struct OwnedWorld {
    OwnedWorld(const Plan& plan, bool print);
    ~OwnedWorld();
    OwnedWorld(const OwnedWorld&) = delete;
    OwnedWorld& operator=(const OwnedWorld&) = delete;

    void make_streams();
    void start();
    void start_replica(std::size_t place);
    // What starts from now on is of the next generation.
    void raise_generation();

    // Runs until `limit`; false when a promise was broken.
    bool run_until(Time limit);
    // Runs until `done`, which is asked every tenth of a second; false when a promise was broken or `within` is over.
    bool run_until(const std::function<bool()>& done, Duration within);
    // Everything that must come of the input is stored, and every message is below a floor.
    [[nodiscard]] bool all_done();
    bool drain_all(Duration within);
    // Which replica owns the partition, as it says itself; nothing for none.
    [[nodiscard]] std::optional<std::size_t> any_owner();
    [[nodiscard]] std::string state_text();

    const Plan plan;
    const Plan raised;  // the same in the next generation
    Scheduler scheduler;
    Trace trace;
    Marks marks;
    SimServer server{scheduler};
    SimModel model;
    std::uint32_t busy = 0;  // requests the model has in work
    OwnedOracle oracle;
    OwnedPublisher publisher;
    Random random;
    std::vector<LinkFaults> links;  // by place
    Chooser* chooser = nullptr;     // of the exhaustive mode
    std::vector<std::unique_ptr<OwnedReplica>> replicas;
    std::vector<std::unique_ptr<OwnedReplica>> graveyard;
    std::uint64_t started = 0;
    // When a replica that ended starts again; never for nothing.
    std::function<std::optional<Duration>(std::size_t place)> restart_after;
    bool raises = false;
    bool closing = false;
};

}  // namespace millrace::sim
