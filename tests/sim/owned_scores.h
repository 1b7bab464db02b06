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
    // `subject`: of their results.
    void published(const std::string& subject, std::uint64_t sequence, const std::vector<OwnedEvent>& events);
    // Results were stored, one or a batch; in words what is wrong with them.
    std::optional<std::string> result(const StoredMessage& message);
    // A head was stored with this in its outbox.
    std::optional<std::string> committed(const state::OutboxEntry& entry);
    // The event with what became of it; nothing while nothing has.
    [[nodiscard]] std::optional<OwnedEvent> settled(const OwnedEvent& event, std::uint64_t sequence,
                                                    std::uint32_t element) const;

    using Place = std::pair<std::uint64_t, std::uint32_t>;  // sequence, element
    // The events whose results a message holds, in its order.
    [[nodiscard]] static std::vector<Place> places_in(const StoredMessage& message);

  private:
    std::optional<std::string> result(Place place, const std::string& subject, const std::string& payload);

    struct Known {
        std::string subject;
        std::string token;  // empty where nothing is to be scored
        std::optional<Scored> scored;
        bool dead = false;
        bool selected = true;
    };

    std::map<Place, Known> events_;
};

}  // namespace millrace::sim
