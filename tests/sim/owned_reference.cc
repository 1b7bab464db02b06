#include "tests/sim/owned_reference.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <numeric>
#include <set>

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

// The ends of all windows (E - size, E] that may hold something. Sessions are none.
std::vector<ServerTime> ends(const Window& window, const std::vector<Counted>& events) {
    std::vector<ServerTime> all;
    if (window.kind == WindowKind::session) return all;
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

// ---- functions ----

using Values = std::vector<std::int64_t>;

std::string text(double value) {
    char digits[32];
    return {digits, std::to_chars(digits, std::end(digits), value).ptr};
}

std::int64_t sum(const Values& values) { return std::accumulate(values.begin(), values.end(), std::int64_t{0}); }

// The variance over n - `fewer` is p/q.
struct Ratio {
    std::int64_t p;
    std::int64_t q;
};
Ratio variance(const Values& values, std::int64_t fewer) {
    const auto n = std::ssize(values);
    std::int64_t squares = 0;
    for (const auto value : values) squares += value * value;
    return {n * squares - sum(values) * sum(values), n * (n - fewer)};
}

double quotient(Ratio r) { return static_cast<double>(r.p) / static_cast<double>(r.q); }

// The double nearest to the root of p/q, where p/q is no less than 1/1000, as variances of whole numbers are.
double root(Ratio r) {
    if (r.p == 0) return 0;
    __extension__ using Wide = unsigned __int128;
    // Whether the root is less than the middle between `a` and the double after it: in whole numbers, of which the
    // middle is 2^half.
    const auto below_middle = [&r](double a) {
        int half = 0;
        const Wide middle = 2 * static_cast<std::uint64_t>(std::ldexp(std::frexp(a, &half), 53)) + 1;
        half -= 54;
        return Wide(r.p) << (-2 * half) < middle * middle * Wide(r.q);
    };
    double nearest = std::sqrt(quotient(r));
    while (!below_middle(nearest)) nearest = std::nextafter(nearest, 1e9);
    while (below_middle(std::nextafter(nearest, 0))) nearest = std::nextafter(nearest, 0);
    return nearest;
}

// Between two of the sorted values in proportion; fractions are quarters, so nothing is rounded.
std::string between_two(const Values& sorted, double fraction) {
    const double place = fraction * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto low = static_cast<double>(sorted[below]);
    const auto high = static_cast<double>(sorted[std::min(below + 1, sorted.size() - 1)]);
    return text(low + (high - low) * (place - static_cast<double>(below)));
}

std::int64_t first_enough(const Values& sorted, double fraction) {
    const auto needed = std::ceil(fraction * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(std::max(1.0, needed)) - 1];
}

std::string ranks(Values sorted, const Select& select) {
    if (!select.ascending) std::ranges::reverse(sorted);
    std::string all;
    for (std::size_t n = 0; n < std::min<std::size_t>(select.most, sorted.size()); ++n) {
        all += (n == 0 ? "" : ",") + (R"({"rank":)" + std::to_string(n + 1)) + R"(,"value":)" +
               std::to_string(sorted[n]) + "}";
    }
    return "[" + all + "]";
}

std::string listed(const Values& values) {
    std::string all;
    for (const auto value : values) all += (all.empty() ? "" : ",") + std::to_string(value);
    return "[" + all + "]";
}

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
    if (event.dead || !event.selected) return Fate::counted;  // but for what it moved, it is not there
    for (std::size_t a = 0; a < pipeline_.aggregates.size(); ++a) {
        const bool grouped = !pipeline_.aggregates[a].group_by.empty();
        auto& events = counted_[{a, partition, tenant, grouped ? event.group : std::string()}];
        const Counted counted{{at, sequence, element}, event.value, event.scored};
        events.insert(std::ranges::upper_bound(events, counted), counted);
    }
    return Fate::counted;
}

void Reference::forget(Partition partition) {
    std::erase_if(counted_, [&](const auto& of) { return of.first.partition == partition; });
    std::erase_if(watermarks_, [&](const auto& of) { return of.first.first == partition; });
    stored_.erase(partition);
}

std::vector<Reference::Window> Reference::windows(const Key& key) const {
    const auto found = counted_.find(key);
    if (found == counted_.end()) return {};
    const auto& aggregate = pipeline_.aggregates[key.aggregate];
    const auto& window = aggregate.window;
    std::vector<Window> all;
    if (window.kind == WindowKind::session) all = sessions(window, found->second);
    for (const auto end : ends(window, found->second)) {
        const auto size = window.kind == WindowKind::snapshot ? Duration(1) : window.size;
        auto events = between(found->second, end - size, end);
        const auto start = window.kind == WindowKind::snapshot ? end : end - size;
        if (!events.empty()) all.push_back({start, end, std::move(events)});
    }
    std::erase_if(all, [&](const Window& made) { return !is_published(aggregate, made); });
    return all;
}

ServerTime Reference::watermark(Partition partition, const std::string& tenant) const {
    const auto found = watermarks_.find({partition, tenant});
    return found == watermarks_.end() ? ServerTime::min() : found->second;
}

std::optional<std::int64_t> Reference::value_of(const Counted& event, const Operand& operand) {
    if (operand.from != Operand::From::score) return event.value;
    return operand.path == "nonce" ? event.scored->nonce : event.scored->value;
}

std::string Reference::field(const Select& select, const Window& window) {
    Values values;
    for (const auto& event : window.events) {
        if (const auto value = value_of(event, select.operand)) values.push_back(*value);
    }
    Values sorted = values;
    std::ranges::sort(sorted);
    const bool all = select.operand.from == Operand::From::nothing;
    if (select.function == Function::count) return std::to_string(all ? window.events.size() : values.size());
    if (select.function == Function::count_distinct)
        return std::to_string(std::set(values.begin(), values.end()).size());
    const bool of_sample = select.function == Function::var || select.function == Function::stddev;
    if (values.empty() || (of_sample && values.size() < 2)) return "null";
    switch (select.function) {
        case Function::count:
        case Function::count_distinct:
            break;
        case Function::sum:
            return std::to_string(sum(values));
        case Function::min:
            return std::to_string(sorted.front());
        case Function::max:
            return std::to_string(sorted.back());
        case Function::avg:
            return text(quotient({sum(values), std::ssize(values)}));
        case Function::var:
            return text(quotient(variance(values, 1)));
        case Function::varp:
            return text(quotient(variance(values, 0)));
        case Function::stddev:
            return text(root(variance(values, 1)));
        case Function::stddevp:
            return text(root(variance(values, 0)));
        case Function::percentile_cont:
            return between_two(sorted, select.fraction);
        case Function::percentile_disc:
            return std::to_string(first_enough(sorted, select.fraction));
        case Function::first:
            return std::to_string(values.front());
        case Function::last:
            return std::to_string(values.back());
        case Function::top_n:
            return ranks(sorted, select);
        case Function::collect:
            return listed(values);
    }
    return {};
}

// `having` compares whole numbers here.
bool Reference::is_published(const Aggregate& aggregate, const Window& window) const {
    const auto* start = std::get_if<ServerTime>(&pipeline_.input.start);
    if (start != nullptr && window.end <= *start) return false;
    return std::ranges::all_of(aggregate.having, [&](const Condition& condition) {
        const auto value = field(aggregate.select[condition.select], window);
        if (value == "null") return false;
        const auto order = std::stoll(value) <=> std::get<std::int64_t>(condition.literal);
        return condition.op == Condition::Op::greater ? order > 0 : order <= 0;
    });
}

// What ends after `start` needs what came before it.
ServerTime Reference::reads_from() const {
    const auto* start = std::get_if<ServerTime>(&pipeline_.input.start);
    if (start == nullptr) return ServerTime::min();
    Duration longest{};
    for (const auto& aggregate : pipeline_.aggregates) {
        const auto& window = aggregate.window;
        longest = std::max({longest, window.size, window.timeout, 2 * window.max_duration});
    }
    return *start - longest - pipeline_.event.early_limit - pipeline_.event.out_of_order_tolerance;
}

}  // namespace millrace::sim
