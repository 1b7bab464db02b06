#include "tests/sim/edits.h"

#include <algorithm>

#include "bridge/base/check.h"
#include "tests/sim/fault_class.h"

namespace millrace::sim {

Plan Edits::plan(std::uint64_t seed) const {
    Plan made = owned ? Plan::owned_of(seed) : plain ? Plan::plain(seed) : Plan::of(seed);
    made.strict = strict;
    for (const auto& name : without) {
        const auto* found = fault_class(name);
        MILLRACE_CHECK(found != nullptr, "names of fault classes are checked when they are read");
        found->take(made);
    }
    if (events) made.events = static_cast<std::uint32_t>(*events);
    if (replicas) made.replicas = static_cast<std::uint32_t>(*replicas);
    if (tenants) made.tenants.resize(std::min<std::size_t>(*tenants, made.tenants.size()));
    if (seconds) made.troubled_for = std::chrono::seconds(*seconds);
    return made;
}

std::string Edits::text(std::uint64_t seed) const {
    std::string out = "--seed " + std::to_string(seed);
    if (owned) out += " --owned";
    if (plain) out += " --plain";
    if (strict) out += " --strict";
    for (std::size_t n = 0; n < without.size(); ++n) out += (n == 0 ? " --without " : ",") + without[n];
    const auto add = [&](const char* word, const std::optional<std::uint64_t>& value) {
        if (value) out += word + std::to_string(*value);
    };
    add(" --events ", events);
    add(" --replicas ", replicas);
    add(" --tenants ", tenants);
    add(" --seconds ", seconds);
    return out;
}

}  // namespace millrace::sim
