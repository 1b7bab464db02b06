#include "tests/sim/owned_reference.h"

#include <algorithm>

namespace millrace::sim {
namespace {

using Counted = Reference::Counted;

// The first time of the grid that is not before `t`.
ServerTime up_to_grid(ServerTime t, Duration step, Duration offset) {
    const auto over = (t.time_since_epoch() - offset) % step;
    return over == Duration::zero() ? t : over > Duration::zero() ? t + (step - over) : t - over;
}

std::vector<Counted> between(const std::vector<Counted>& events, ServerTime after, ServerTime to) {
    std::vector<Counted> some;
    std::ranges::copy_if(events, std::back_inserter(some),
                         [&](const Counted& e) { return e.moment.at > after && e.moment.at <= to; });
    return some;
}

// The ends of all windows (E - size, E] that may hold something.
std::vector<ServerTime> ends(const Window& window, const std::vector<Counted>& events) {
    std::vector<ServerTime> all;
    for (const auto& event : events) {
        const auto at = event.moment.at;
        if (window.kind == WindowKind::sliding) {
            all.push_back(at);
            all.push_back(at + window.size);
        } else if (window.kind == WindowKind::snapshot) {
            all.push_back(at);
        } else {
            const auto step = window.kind == WindowKind::hopping ? window.hop : window.size;
            for (auto end = up_to_grid(at, step, window.offset); end < at + window.size; end += step)
                all.push_back(end);
        }
    }
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
    return all;
}

std::vector<Reference::Window> sessions(const Window& window, const std::vector<Counted>& events) {
    std::vector<Reference::Window> all;
    ServerTime limit = ServerTime::max();
    for (const auto& event : events) {
        const auto at = event.moment.at;
        if (all.empty() || at > limit || at > all.back().events.back().moment.at + window.timeout) {
            all.push_back({at, at, {}});
            if (window.max_duration > Duration::zero())
                limit = up_to_grid(at + window.max_duration, window.max_duration, {});
        }
        all.back().events.push_back(event);
        all.back().end = std::min(at + window.timeout, limit);
    }
    return all;
}

std::string text(const std::optional<std::int64_t>& value) { return value ? std::to_string(*value) : "null"; }

}  // namespace

Reference::Fate Reference::judge(Partition partition, const std::string& tenant, const OwnedEvent& event,
                                 ServerTime stored_at, std::uint64_t sequence, std::uint32_t element) {
    const auto& rules = pipeline_.event;
    const bool adjusts = rules.on_late == settings::OnLate::adjust;
    const bool timed = !rules.timestamp.empty();
    auto& stored = stored_.try_emplace(partition, stored_at).first->second;
    stored = std::max(stored, stored_at);
    auto& watermark = watermarks_.try_emplace({partition, tenant}, ServerTime::min()).first->second;
    auto at = timed ? event.at.value_or(stored) : stored;
    if (at > stored + rules.early_limit) return Fate::early;
    bool late = false;
    const auto tolerance = timed ? rules.late_arrival_tolerance : std::optional(Duration::zero());
    if (tolerance && at < stored - *tolerance) {
        late = true;
        if (adjusts) at = stored - *tolerance;
    }
    const auto before = watermark;
    watermark = std::max(watermark, std::min(at, stored) - rules.out_of_order_tolerance);
    if (at < before) {
        late = true;
        if (adjusts) at = before;
    }
    if (late && !adjusts) return Fate::late;
    for (std::size_t a = 0; a < pipeline_.aggregates.size(); ++a) {
        const bool grouped = !pipeline_.aggregates[a].group_by.empty();
        auto& events = counted_[{a, partition, tenant, grouped ? event.group : std::string()}];
        const Counted counted{{at, sequence, element}, event.value};
        events.insert(std::ranges::upper_bound(events, counted), counted);
    }
    return Fate::counted;
}

std::vector<Reference::Window> Reference::windows(const Key& key) const {
    const auto found = counted_.find(key);
    if (found == counted_.end()) return {};
    const auto& window = pipeline_.aggregates[key.aggregate].window;
    if (window.kind == WindowKind::session) return sessions(window, found->second);
    std::vector<Window> all;
    for (const auto end : ends(window, found->second)) {
        const auto size = window.kind == WindowKind::snapshot ? Duration(1) : window.size;
        auto events = between(found->second, end - size, end);
        const auto start = window.kind == WindowKind::snapshot ? end : end - size;
        if (!events.empty()) all.push_back({start, end, std::move(events)});
    }
    return all;
}

ServerTime Reference::watermark(Partition partition, const std::string& tenant) const {
    const auto found = watermarks_.find({partition, tenant});
    return found == watermarks_.end() ? ServerTime::min() : found->second;
}

std::optional<std::string> Reference::field(const Select& select, const Window& window) const {
    std::vector<Counted> with;
    for (const auto& event : window.events) {
        if (event.value) with.push_back(event);
    }
    const bool all = select.operand.from == Operand::From::nothing;
    if (select.function == Function::count) return std::to_string(all ? window.events.size() : with.size());
    std::optional<std::int64_t> value;
    for (const auto& event : with) {
        switch (select.function) {
            case Function::sum:
                value = value.value_or(0) + *event.value;
                break;
            case Function::min:
                value = std::min(value.value_or(*event.value), *event.value);
                break;
            case Function::max:
                value = std::max(value.value_or(*event.value), *event.value);
                break;
            case Function::first:
                value = value.value_or(*event.value);
                break;
            case Function::last:
                value = event.value;
                break;
            default:
                return std::nullopt;
        }
    }
    return text(value);
}

}  // namespace millrace::sim
