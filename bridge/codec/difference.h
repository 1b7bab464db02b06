// Scores of two endpoints for one event that differ → the message that tells of it.
//
// The body is {"score":<the pipeline's>,"shadow":<the other>}; lineage stands in Millrace-* headers, and the identity
// is that of the event with -shadow behind it, so that in a stream of results it is a message of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/base/shadow.h"
#include "bridge/settings/settings.h"
#include "subjects/subject_template.h"

namespace millrace::codec {

// An event that was scored, as far as it is needed once its delivery is gone.
struct ScoredEvent {
    Identity id;
    std::string tenant;
    Partition partition = 0;
    std::uint64_t sequence = 0;
    std::uint32_t element = 0;
    std::string score;
    std::string deployment;  // that gave it
};

ScoredEvent scored_event(const Delivery& delivery, const Event& event);

class DifferenceRenderer {
  public:
    // `pipeline` outlives it. Requires: it has a shadow.
    explicit DifferenceRenderer(const settings::Pipeline& pipeline);

    // Fails where the subject would not be the tenant's own.
    [[nodiscard]] Result<Difference> render(const ScoredEvent& event, std::string_view score,
                                            const std::string& deployment) const;

  private:
    const settings::Pipeline& pipeline_;
    subjects::SubjectTemplate destination_;
};

}  // namespace millrace::codec
