// What the tests of windows share: aggregates in a line, events in a line, outputs as a line.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/windows/operands.h"
#include "bridge/windows/windows.h"

namespace millrace::windows {

inline EventTime at(double seconds) { return EventTime(Duration(static_cast<std::int64_t>(seconds * 1e9))); }
inline double seconds(EventTime time) { return static_cast<double>(time.time_since_epoch().count()) / 1e9; }

inline Select select(Function function, std::string field = {}) {
    Select select;
    select.function = function;
    if (!field.empty()) select.operand = {Operand::From::event, std::move(field)};
    return select;
}

inline Aggregate aggregate(Window window, std::vector<Select> selects = {select(Function::count)},
                           std::vector<std::string> group_by = {}) {
    Aggregate aggregate;
    aggregate.window = window;
    aggregate.select = std::move(selects);
    aggregate.group_by = std::move(group_by);
    return aggregate;
}

inline Window tumbling(Duration size, Duration offset = {}) {
    return {.kind = WindowKind::tumbling, .size = size, .offset = offset};
}
inline Window hopping(Duration size, Duration hop, Duration offset = {}) {
    return {.kind = WindowKind::hopping, .size = size, .hop = hop, .offset = offset};
}
inline Window sliding(Duration size) { return {.kind = WindowKind::sliding, .size = size}; }
inline Window session(Duration timeout, Duration most) {
    return {.kind = WindowKind::session, .timeout = timeout, .max_duration = most};
}
inline Window snapshot() { return {.kind = WindowKind::snapshot}; }

struct Bench {
    explicit Bench(std::vector<Aggregate> all) : aggregates(std::move(all)), windows(aggregates) {}

    // The values are those of operands().
    void add(EventTime when, const std::vector<Value>& values = {}, std::string_view tenant = "a") {
        windows.add({tenant, when, {++sequence, 0}, values});
    }
    std::vector<Closed> close(EventTime watermark, std::string_view tenant = "a") {
        std::vector<Closed> out;
        CHECK(windows.close(tenant, watermark, SIZE_MAX, out));
        return out;
    }
    // "10:5 20:2": ends in seconds and counts.
    std::string ends_and_counts(EventTime watermark) {
        std::string line;
        for (const auto& closed : close(watermark)) {
            std::string end = std::to_string(seconds(closed.end));
            end.erase(end.find_last_not_of("0") + 1);
            if (end.ends_with('.')) end.pop_back();
            line += (line.empty() ? "" : " ") + end + ':' + std::to_string(closed.count);
        }
        return line;
    }
    // The first field of what closes, as JSON, one after the other.
    std::string fields(EventTime watermark) {
        std::string line;
        for (const auto& closed : close(watermark)) line += (line.empty() ? "" : " ") + closed.fields.at(0).json;
        return line;
    }

    std::vector<Aggregate> aggregates;
    Windows windows;
    std::uint64_t sequence = 0;
};

}  // namespace millrace::windows
