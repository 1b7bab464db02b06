// OwnedScores: what became of the events of a pipeline that scores and aggregates, as it stands on the server: a result
// on the outputs, or a verdict in the outbox of a stored head. Each event that is selected has one of the two, and the
// first result that is stored is the one that counts. Whoever says otherwise is told what is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "bridge/state/head.h"
#include "tests/sim/owned_reference.h"
#include "tests/sim/sim_stream.h"

namespace millrace::sim {

class OwnedScores {
  public:
    void published(const std::string& tenant, std::uint64_t sequence, const std::vector<OwnedEvent>& events);
    // A result was stored; in words what is wrong with it.
    std::optional<std::string> result(const StoredMessage& message);
    // A head was stored with this in its outbox.
    std::optional<std::string> committed(const state::OutboxEntry& entry);
    // The event with what became of it; nothing while nothing has.
    [[nodiscard]] std::optional<OwnedEvent> settled(const OwnedEvent& event, std::uint64_t sequence,
                                                    std::uint32_t element) const;

  private:
    using Place = std::pair<std::uint64_t, std::uint32_t>;  // sequence, element
    struct Known {
        std::string tenant;
        std::string token;  // empty where nothing is to be scored
        std::optional<Scored> scored;
        bool dead = false;
        bool selected = true;
    };

    std::map<Place, Known> events_;
};

}  // namespace millrace::sim
