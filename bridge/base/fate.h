// Fate: what became of an event with respect to the windows of an owned partition. Exactly one of these, for each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace {

enum class Fate { in_time, adjusted, late, early, dead };

inline constexpr std::array<std::string_view, 5> kFateNames = {"in_time", "adjusted", "late", "early", "dead"};
static_assert(kFateNames.size() == static_cast<std::size_t>(Fate::dead) + 1);

// How many events met which.
using Fates = std::array<std::uint32_t, kFateNames.size()>;

}  // namespace millrace
