// What a score says: its values for windows, and which score a stored result carries.
//
// Thread: one shard's; keeps a parser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/stream.h"
#include "bridge/codec/element_reader.h"
#include "bridge/codec/value_maker.h"
#include "bridge/codec/wanted_fields.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

class ScoreReader {
  public:
    explicit ScoreReader(const settings::Pipeline& pipeline);
    ScoreReader(const ScoreReader&) = delete;
    ScoreReader& operator=(const ScoreReader&) = delete;

    // Sets those of the event's values that are of its score. Requires: it has one where any is wanted. All are null
    // for a score that is nested deeper than an event may be.
    void add_values(Event& event);
    // Puts the score of a stored result, or the reason of a stored dead letter, into the settlement of the event whose
    // identity the message has, or that stands at `place` in a batch of results. False, and nothing changed, when the
    // message is another or none of these.
    bool read_back(const StreamMessage& message, EventPlace place, Event& event);

  private:
    bool take_result(std::string_view result, Event& event);

    struct Wanted {
        std::size_t place = 0;  // in Event::values
        std::size_t slot = 0;
    };

    WantedFields fields_;
    std::size_t score_;  // its slot
    std::vector<Wanted> values_;
    ElementReader reader_;
    ValueMaker maker_;
};

}  // namespace millrace::codec
