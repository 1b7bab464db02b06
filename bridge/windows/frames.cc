#include "bridge/windows/frames.h"

#include <algorithm>
#include <iterator>

#include "bridge/base/check.h"
#include "bridge/windows/moment.h"

namespace millrace::windows {
namespace {

EventTime first_end(const Panes::Rows& rows) { return rows.begin()->first; }
EventTime itself(const Window& /*unused*/, EventTime at) { return at; }

// Tumbling: a pane is a window.

EventTime tumbling_pane(const Window& window, EventTime at) { return next_on_grid(at, window.size, window.offset); }
EventTime tumbling_begin(const Window& window, EventTime end) { return minus(end, window.size); }
EventTime tumbling_due(const Window& /*unused*/, const Panes::Rows& rows, EventTime /*unused*/) {
    return first_end(rows);
}
std::optional<Cut> tumbling_next(const Window& window, Panes& panes, EventTime /*unused*/, EventTime watermark) {
    const EventTime end = first_end(panes.rows());
    if (end >= watermark) return std::nullopt;
    return Cut{minus(end, window.size), end, end};
}

// Hopping: windows end on the grid of the hop and begin `size` before, so panes end where one of them ends or begins.

EventTime hopping_pane(const Window& window, EventTime at) {
    const EventTime end = next_on_grid(at, window.hop, window.offset);
    const Duration rest = window.size % window.hop;
    return rest == Duration::zero() ? end : std::min(end, next_on_grid(at, window.hop, window.offset - rest));
}
EventTime hopping_begin(const Window& window, EventTime end) {
    const auto edge_before = [&](Duration offset) {
        const EventTime edge = next_on_grid(minus(end, window.hop), window.hop, offset);
        return edge == end ? minus(end, window.hop) : edge;
    };
    return std::max(edge_before(window.offset), edge_before(window.offset - window.size % window.hop));
}
EventTime hopping_due(const Window& window, const Panes::Rows& rows, EventTime closed) {
    return std::max(plus(closed, window.hop), next_on_grid(first_end(rows), window.hop, window.offset));
}
std::optional<Cut> hopping_next(const Window& window, Panes& panes, EventTime closed, EventTime watermark) {
    const EventTime end = hopping_due(window, panes.rows(), closed);
    if (end >= watermark) return std::nullopt;
    return Cut{minus(end, window.size), end, minus(end, window.size - window.hop)};
}

// Sliding: a window ends whenever an event comes in or goes out.

EventTime sliding_due(const Window& window, const Panes::Rows& rows, EventTime closed) {
    const EventTime out = plus(first_end(rows), window.size);
    const auto in = rows.upper_bound(closed);
    return in == rows.end() ? out : std::min(out, in->first);
}
std::optional<Cut> sliding_next(const Window& window, Panes& panes, EventTime closed, EventTime watermark) {
    const EventTime end = sliding_due(window, panes.rows(), closed);
    if (end >= watermark) return std::nullopt;
    const EventTime start = minus(end, window.size);
    panes.drop_through(start);
    return Cut{start, end, start};
}

// Session: a row of events with no gap longer than the timeout. It ends the timeout after its last event; or at the
// first multiple of the maximum duration at which it is that old, if it has not ended before: events up to that very
// moment are in it, later ones begin a new session. What lies before the watermark is joined into one pane, so that a
// long session is not held event by event.

EventTime last_moment(const Window& window, EventTime start) {
    if (window.max_duration <= Duration::zero()) return kLatest;
    return next_on_grid(usable(plus(start, window.max_duration)), window.max_duration);
}
EventTime session_due(const Window& window, const Panes::Rows& rows, EventTime /*unused*/) {
    return std::min(plus(first_end(rows), window.timeout), last_moment(window, rows.begin()->second.since));
}
std::optional<Cut> session_next(const Window& window, Panes& panes, EventTime /*unused*/, EventTime watermark) {
    const auto& rows = panes.rows();
    const EventTime start = rows.begin()->second.since;
    EventTime settled = first_end(rows);
    EventTime last = settled;
    const EventTime limit = std::max(last_moment(window, start), last);
    for (auto row = std::next(rows.begin()); row != rows.end(); ++row) {
        if (row->first > limit || row->first > plus(last, window.timeout)) break;
        last = row->first;
        if (last < watermark) settled = last;
        if (last >= watermark) break;  // it goes on at least until then
    }
    const EventTime end = std::min(plus(last, window.timeout), limit);
    if (end < watermark) return Cut{start, end, end};
    panes.join_through(settled);
    return std::nullopt;
}

// Snapshot: events of the same time.

std::optional<Cut> snapshot_next(const Window& /*unused*/, Panes& panes, EventTime /*unused*/, EventTime watermark) {
    const EventTime end = first_end(panes.rows());
    if (end >= watermark) return std::nullopt;
    return Cut{end, end, end};
}

struct Row {
    WindowKind kind;
    Frame frame;
};

constexpr Row kFrames[] = {
    {WindowKind::tumbling, {tumbling_pane, tumbling_begin, tumbling_due, tumbling_next, false, false}},
    {WindowKind::hopping, {hopping_pane, hopping_begin, hopping_due, hopping_next, true, false}},
    {WindowKind::sliding, {itself, itself, sliding_due, sliding_next, true, false}},
    {WindowKind::session, {itself, itself, session_due, session_next, false, true}},
    {WindowKind::snapshot, {itself, itself, tumbling_due, snapshot_next, false, false}},
};

}  // namespace

const Frame& frame(WindowKind kind) {
    const auto* const row = std::ranges::find(kFrames, kind, &Row::kind);
    MILLRACE_CHECK(row != std::end(kFrames), "every kind of window has a row");
    return row->frame;
}

}  // namespace millrace::windows
