// Plan: what one seed stands for: the configuration, the traffic, and which faults there are and how often.
//
// Each seed turns a random part of the faults on, each with a random rate, so that some runs have one fault in
// plenty and others a little of everything: a fault that is always on hides what only happens without it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/settings/settings.h"
#include "tests/sim/fake_jetstream.h"
#include "tests/sim/sim_model.h"

namespace millrace::sim {

// Things that happen now and then during the first phase: mean time between two, zero for never.
struct Troubles {
    Duration crash{};
    Duration restart{};  // drained, as a rolling update does
    Duration freeze{};
    Duration longest_freeze{};
    Duration disconnect{};
    Duration longest_disconnect{};
    Duration server_stop{};
    Duration longest_server_stop{};
    Duration condition{};  // the endpoint's
    Duration longest_condition{};
};

// How many of the events are of each odd kind, per thousand.
struct Mix {
    std::uint32_t bad_elements = 0;
    std::uint32_t hostile_tenants = 0;
    std::uint32_t odd[9] = {};  // by Kind; the rest is good
};

struct Plan {
    std::uint64_t seed = 0;
    settings::Pipeline pipeline;
    std::uint32_t replicas = 1;
    std::vector<std::string> tenants;
    std::uint32_t events = 0;
    Duration publish_over{};
    Duration troubled_for{};
    Duration idle_turn{};  // the longest a replica sleeps
    Duration duplicate_window{};
    std::uint64_t max_message = 1 << 20;
    Mix mix;
    LinkFaults link;
    ModelRules model;
    ModelFaults model_faults;
    Troubles troubles;
    Duration unflushed_acks{};  // forgotten when the server stops

    static Plan of(std::uint64_t seed);
    [[nodiscard]] std::string text() const;
};

}  // namespace millrace::sim
