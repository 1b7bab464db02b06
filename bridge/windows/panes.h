// Panes: what one group holds, in the order of time. A pane is the accumulators of the events of a short stretch of
// time, called by its end.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bridge/windows/sample.h"
#include "bridge/windows/tally.h"

namespace millrace::windows {

struct Pane {
    EventTime since;  // its first event, where a pane is as long as a session lasts; otherwise its end
    Tally tally;
};

class Panes {
  public:
    explicit Panes(const Shape& shape) : shape_(&shape) {}
    Panes(const Panes&) = delete;
    Panes& operator=(const Panes&) = delete;

    using Rows = std::map<EventTime, Pane>;
    [[nodiscard]] const Rows& rows() const { return rows_; }
    [[nodiscard]] bool empty() const { return rows_.empty(); }

    // True when the pane is new. Requires: `end` is later than any that merged_through() was asked for.
    bool add(EventTime end, std::span<const Seen> values, EventTime at, Place place);
    // Requires: later than all there are.
    void append(EventTime end, Pane pane);

    // Drops the panes that end at or before `end`.
    void drop_through(EventTime end);
    // Makes one pane of all those that end at or before `end`. Requires: there is one.
    void join_through(EventTime end);

    // The panes that end at or before `end`, merged, in `scratch` when it is needed; nothing when there are none. Valid
    // until the next call of anything here. `again`: the same panes will be asked for again, as windows that overlap
    // do, and `end` never goes back.
    const Tally* merged_through(EventTime end, bool again, std::optional<Tally>& scratch);

    [[nodiscard]] std::size_t held() const { return held_; }  // bytes, about

  private:
    static constexpr std::size_t kRowBytes = sizeof(Rows::value_type) + 48;  // and what a node and its memory cost
    static constexpr std::size_t kFew = 8;  // panes that are merged as quickly as they are looked up

    // Merges made ahead, so that a window costs a merge or two however many panes it has: of each pane up to a turning
    // point with all up to that point, and of all since. A pane that is dropped takes its merge along.
    struct Ahead {
        std::vector<std::pair<EventTime, Tally>> until_turn;  // the oldest last
        std::optional<Tally> since_turn;
        EventTime reached = EventTime::min();
    };
    void turn();
    const Tally* merged_ahead(EventTime end, std::optional<Tally>& scratch);

    const Shape* shape_;
    Rows rows_;
    Rows::iterator recent_ = rows_.end();  // the pane added to last
    std::unique_ptr<Ahead> ahead_;
    std::size_t held_ = 0;
};

}  // namespace millrace::windows
