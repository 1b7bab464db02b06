#include "bridge/engine/inherit.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bridge/settings/outputs.h"
#include "subjects/subject_template.h"

namespace millrace::engine {

namespace {

struct Place {
    Output output{};
    std::string filter;
};

std::vector<Place> places_of(const settings::Pipeline& pipeline) {
    std::vector<Place> places;
    for (const settings::OutputRow& row : settings::outputs(pipeline)) {
        if (const auto shape = subjects::SubjectTemplate::parse(row.subject, subjects::Use::input))
            places.push_back({row.output, shape->filter()});
    }
    return places;
}

// Its own, where that still has the subject; otherwise another one of its kind.
std::optional<Output> output_of(const std::vector<Place>& places, const state::OutboxEntry& entry) {
    const auto own = static_cast<Output>(entry.output);
    std::optional<Output> found;
    for (const Place& place : places) {
        if (is_summary(place.output) != is_summary(own) || !subjects::covers(place.filter, entry.subject)) continue;
        if (place.output == own) return own;
        if (!found) found = place.output;
    }
    return found;
}

}  // namespace

Result<Inherited> inherit(const settings::Pipeline& pipeline, std::vector<state::OutboxEntry> entries,
                          const std::vector<std::uint64_t>& base, const std::vector<std::uint64_t>& last) {
    const auto places = places_of(pipeline);
    Inherited out{{}, last};
    for (state::OutboxEntry& entry : entries) {
        const auto output = output_of(places, entry);
        if (!output && is_summary(static_cast<Output>(entry.output))) continue;
        if (!output) return fail(ErrorCode::misconfigured, entry.subject);
        const std::size_t now = index(*output);
        const std::uint64_t before = entry.output < base.size() ? base[entry.output] : 0;
        // What lies beyond a stream's end is no place in it: it was made anew, or the output has moved to it.
        if (now < out.base.size()) out.base[now] = before > last[now] ? 0 : std::min(out.base[now], before);
        entry.output = static_cast<std::uint32_t>(now);
        out.entries.push_back(std::move(entry));
    }
    return out;
}

}  // namespace millrace::engine
