// What `where` is in some plans, and, by hand, which events it selects: those of a pure function of one field, `s`,
// which is made of a number that every event has of its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "bridge/settings/settings.h"
#include "tests/sim/random.h"

namespace millrace::sim {

// Nothing where the event has no such field.
using Selector = std::optional<std::uint64_t>;

struct SelectionRule {
    const char* where;
    bool (*selects)(Selector s);
};

inline constexpr std::array<SelectionRule, 5> kSelectionRules = {{
    {"s >= 3", [](Selector s) { return s && *s >= 3; }},
    {"NOT (s >= 3)", [](Selector s) { return s && *s < 3; }},
    {"s IS NULL OR s NOT BETWEEN 2 AND 5", [](Selector s) { return !s || *s < 2 || *s > 5; }},
    {"COALESCE(s, 4) % 2 = 0 AND s NOT IN (0, 6)", [](Selector s) { return s && *s % 2 == 0 && *s != 0 && *s != 6; }},
    {"CASE WHEN s < 5 THEN s * 2 ELSE s - 4 END <> 4", [](Selector s) { return s && *s != 2 && *s != 8; }},
}};

inline Selector selector_of(std::uint64_t number) {
    const std::uint64_t s = number * 7 % 10;
    return s == 9 ? std::nullopt : std::optional(s);
}
// `,"s":4`, or nothing.
inline std::string selector_text(std::uint64_t number) {
    const auto s = selector_of(number);
    return s ? ",\"s\":" + std::to_string(*s) : "";
}

// Drawn by itself, because it was added when seeds were kept already.
inline const SelectionRule* draw_selection(Random& random, settings::Pipeline& pipeline) {
    if (!random.chance(0.2)) return nullptr;
    const SelectionRule& rule = random.pick(kSelectionRules);
    pipeline.where = rule.where;
    const bool scored = settings::has_endpoint(pipeline);
    const auto to = random.below(scored ? 3 : 2);
    if (to == 1) pipeline.bypass = {settings::Bypass::To::subject, "bypass.{tenant}.trips"};
    if (to == 2) pipeline.bypass.to = settings::Bypass::To::results;
    return &rule;
}

}  // namespace millrace::sim
