// Disposition: what an outcome means for the events of the request. A table; the reasons stand beside the rows.
#pragma once

#include <cstdint>

#include "bridge/base/outcome.h"
#include "bridge/base/reason.h"

namespace millrace::engine {

enum class Reaction {
    publish,   // each row has its result
    back_off,  // transient: fewer at once, try again later, however long it lasts; never judged by itself
    split,     // something in the request: halve it until one event stands alone, then look for a witness
    hold,      // configuration: stop pulling, keep everything, probe
};

struct Disposition {
    Outcome outcome{};
    Reaction reaction{};
    std::uint32_t answers_needed = 1;  // answers to the event alone, each with a witness, before it is convicted
    Reason reason{};                   // when it is convicted
};

const Disposition& disposition(Outcome outcome);

}  // namespace millrace::engine
