// StateReport: what one partition's stored state says, for people and for programs.
//
// Pure. Bounds: the lists are cut at kMostShown; the counts beside them are not.
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
    struct Folded {  // what only the meaning of the configuration can read
        std::optional<ServerTime> idle;
        std::size_t tenants = 0;
        std::vector<std::pair<std::string, ServerTime>> watermarks;
        std::vector<Open> open;
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
                   ServerTime server_now);
void print(const StateReport& report, std::ostream& out);
std::string json(const StateReport& report);

}  // namespace millrace::app
