#include "bridge/engine/disposition.h"

#include <array>
#include <cstddef>

namespace millrace::engine {

namespace {

// clang-format off
// One row per outcome, in the order of the enum. The last two columns count only where an event can be convicted. A
// transient failure convicts only a suspect (an event alone that fails while others pass), never by itself. Two answers at
// least, with a witness between them: one refusal before a witness could have come from an endpoint mended meanwhile.
constexpr std::array<Disposition, kOutcomeNames.size()> kTable = {{
    // outcome                  reaction            answers  reason
    {Outcome::scored,           Reaction::publish,  1, Reason::rejected},
    {Outcome::unreachable,      Reaction::back_off, 3, Reason::endpoint_crash},
    {Outcome::timed_out,        Reaction::back_off, 3, Reason::timeout},
    {Outcome::throttled,        Reaction::back_off, 3, Reason::endpoint_crash},
    {Outcome::failed,           Reaction::back_off, 3, Reason::endpoint_crash},
    {Outcome::rejected,         Reaction::split,    2, Reason::rejected},
    {Outcome::too_large,        Reaction::split,    2, Reason::too_large},
    {Outcome::model_raised,     Reaction::split,    3, Reason::model_raised},
    {Outcome::contract_broken,  Reaction::split,    2, Reason::contract_broken},
    {Outcome::unauthorized,     Reaction::hold,     1, Reason::rejected},
    {Outcome::misconfigured,    Reaction::hold,     1, Reason::rejected},
}};
// clang-format on

constexpr bool in_order() {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (kTable[i].outcome != static_cast<Outcome>(i)) return false;
    }
    return true;
}
static_assert(in_order());

}  // namespace

const Disposition& disposition(Outcome outcome) { return kTable[static_cast<std::size_t>(outcome)]; }

}  // namespace millrace::engine
