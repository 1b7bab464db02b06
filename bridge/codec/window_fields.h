// An element's wanted fields → what windows want of the event: its time and its values.
//
// Thread: one shard's. `pipeline` and `fields` outlive it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/codec/value_maker.h"
#include "bridge/codec/wanted_fields.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

class WindowFields {
  public:
    // Adds the timestamp and the operands of the event to `fields`; nothing where there are no aggregates.
    WindowFields(const settings::Pipeline& pipeline, WantedFields& fields);

    // Sets event.at from what the fields found, or gives the fault.
    [[nodiscard]] std::optional<Verdict> set_time(Event& event) const;
    // Sets event.values.
    void add_values(Event& event);

  private:
    const settings::Event& settings_;
    const WantedFields& fields_;
    std::optional<std::size_t> timestamp_;            // its slot
    std::vector<std::optional<std::size_t>> values_;  // the slot of each operand; nothing for one of the score
    ValueMaker maker_;
};

}  // namespace millrace::codec
