// Fate: what became of an event with respect to the windows of an owned partition. Exactly one of these, for each.
// Those that `where` does not select (filtered, bypassed) and those that are dead only move the clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace {

enum class Fate { in_time, adjusted, late, early, dead, filtered, bypassed };

inline constexpr std::array<std::string_view, 7> kFateNames = {"in_time", "adjusted", "late",    "early",
                                                               "dead",    "filtered", "bypassed"};
static_assert(kFateNames.size() == static_cast<std::size_t>(Fate::bypassed) + 1);

// How many events met which.
using Fates = std::array<std::uint32_t, kFateNames.size()>;

}  // namespace millrace
