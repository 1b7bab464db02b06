// Plan: what one seed stands for: the configuration, the traffic, and which faults there are and how often.
//
// `of` draws everything; `swarm.cc` then takes a random part of the faults away again, so that some runs have one fault
// in plenty and others a little of everything: a fault that is always on hides what only happens without it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/settings/settings.h"
#include "tests/sim/fake_jetstream.h"
#include "tests/sim/selection.h"
#include "tests/sim/sim_model.h"

namespace millrace::sim {

// Where audit messages go, of a plan that has them.
inline constexpr std::string_view kAuditSubject = "millrace.audit.trips";

// Something that happens now and then during the first phase.
struct Trouble {
    Duration every{};  // mean time between two; zero for never
    Duration longest{};
};

struct Troubles {
    Trouble crash;
    Trouble restart;  // drained, as a rolling update does
    Trouble freeze;
    Trouble disconnect;
    Trouble server_stop;
    Trouble condition;      // the endpoint's
    Trouble leader;         // the streams' and consumers' leader goes, what it does last is unanswered
    Trouble consumer_gone;  // deleted under us
    Trouble output_full;
    Trouble denied;      // publishing is not permitted
    Trouble wall_step;   // of a replica's wall clock
    Trouble clock_step;  // of the server's
    Trouble input_anew;  // the input stream is deleted and made again
    Trouble trim;        // the input's limits remove what was read
    Trouble contract;    // another deployment of the endpoint takes rows of another type
};

// What does not heal. The rest of the world must go on.
struct Permanent {
    bool dead_replica = false;                    // one stays dead
    double bad_link = 0;                          // one replica's link loses this share of everything
    Duration slow_endpoint{};                     // every answer takes this much longer
    bool refused_tenant = false;                  // everything of the last tenant is refused
    double lossy_acks = 0;                        // this share of all acks is lost
    Condition dead_address = Condition::healthy;  // the first of several addresses stays so

    [[nodiscard]] bool any() const {
        return dead_address != Condition::healthy || dead_replica || bad_link > 0 || slow_endpoint > Duration::zero() ||
               refused_tenant || lossy_acks > 0;
    }
};

// How many of the events are of each odd kind, per thousand.
struct Mix {
    std::uint32_t bad_elements = 0;
    std::uint32_t hostile_tenants = 0;
    std::uint32_t largest = 0;   // messages as large as the input takes
    std::uint32_t odd[10] = {};  // by Kind; the rest is good
};

// Of pipelines with owned partitions: how many of the events are odd, per thousand.
struct OwnedMix {
    std::uint32_t disordered = 0;   // up to twice the tolerance behind the newest
    std::uint32_t late = 0;         // beyond the tolerance for late arrival
    std::uint32_t early = 0;        // in the future, within the limit
    std::uint32_t too_early = 0;    // and beyond it
    std::uint32_t undecodable = 0;  // no JSON
    std::uint32_t unroutable = 0;   // a subject without a usable tenant
    std::uint32_t on_grid = 0;      // at a full second, where windows begin and end
    std::uint32_t incomplete = 0;   // without a group or a value
    std::uint64_t group_size = 0;   // bytes that are added to a group's name
};

struct Plan {
    std::uint64_t seed = 0;
    settings::Pipeline pipeline;
    std::uint32_t replicas = 1;
    std::vector<std::string> tenants;
    std::uint32_t events = 0;
    Duration publish_every{};  // mean
    Duration troubled_for{};
    bool together = false;       // of owned partitions: the state is in a stream of outputs that takes atomic batches
    std::uint64_t disaster = 0;  // of owned partitions: what happens last, counted from 1
    Duration starts_after{};     // of owned partitions: the replicas find messages
    Duration idle_turn{};        // the longest a replica sleeps
    Duration duplicate_window{};
    std::uint64_t max_message = 1 << 20;  // of the output stream, in bytes
    std::uint64_t max_input = 1 << 20;
    const SelectionRule* where = nullptr;  // which events the pipeline selects; null: all
    Mix mix;
    OwnedMix owned;
    LinkFaults link;
    ModelRules model;
    ModelFaults model_faults;
    Troubles troubles;
    Permanent permanent;
    ModelFaults shadow_faults;  // of the candidate, where there is one; it never heals
    Condition shadow_condition = Condition::healthy;
    bool shadow_stream = true;  // somebody stores differences
    bool audit_stream = true;   // and audit messages, where there are any
    Duration unflushed_acks{};  // forgotten when the server stops
    bool strict = false;        // stored again, however late, breaks a promise
    bool forgetful = false;     // the server does not say when a consumer was last active

    static Plan of(std::uint64_t seed);
    // As above before anything is taken away, and with the first kinds of faults only.
    static Plan plain(std::uint64_t seed);
    // No faults at all, one replica, one tenant: what scenarios are made from.
    static Plan quiet();
    // The same two for owned partitions (owned_plan.cc).
    static Plan owned_of(std::uint64_t seed);
    static Plan owned_quiet();
    [[nodiscard]] bool is_owned() const { return settings::is_owned(pipeline); }
    [[nodiscard]] bool is_scored() const { return settings::has_endpoint(pipeline); }
    [[nodiscard]] std::string text() const;
};

}  // namespace millrace::sim
