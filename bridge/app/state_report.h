// StateReport: what one partition's stored state says, for people and for programs.
//
// Pure. Bounds: the lists are cut at kMostShown, panes at what is asked for; the counts beside them are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/app/state_reader.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

struct StateReport {
    static constexpr std::size_t kMostShown = 100;

    struct Waiting {  // of the outbox
        std::string output;
        std::string subject;
        std::size_t count = 0;
    };
    struct Open {
        std::string aggregate;
        windows::Held held;
    };
    struct Pane {
        std::string aggregate;
        windows::OpenPane open;
        std::vector<std::pair<std::string, std::string>> group;  // field and JSON text, as an aggregate says it
        std::optional<ServerTime> watermark;                     // of its tenant
    };
    struct Folded {  // what only the meaning of the configuration can read
        std::optional<ServerTime> idle;
        std::size_t tenants = 0;
        std::vector<std::pair<std::string, ServerTime>> watermarks;
        std::vector<Open> open;
        std::vector<Pane> panes;  // those due first
        std::size_t panes_in_all = 0;
        std::uint64_t base_bytes = 0;
        std::uint64_t delta_bytes = 0;
        std::uint32_t deltas = 0;
    };

    Partition partition = 0;
    Duration lease{};
    StoredHead last;
    Duration age{};  // of the last head
    std::size_t waiting_count = 0;
    std::vector<Waiting> waiting;
    std::optional<Folded> folded;
};

StateReport report(const settings::Pipeline& pipeline, Partition partition, const StoredState& state,
                   ServerTime server_now, std::size_t most_panes);
void print(const StateReport& report, std::ostream& out);
std::string json(const StateReport& report);

}  // namespace millrace::app
