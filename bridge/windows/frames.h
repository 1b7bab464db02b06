// Frame: what a kind of window is to the panes of a group: which pane takes an event, and which window closes next.
#pragma once

#include <optional>

#include "bridge/base/aggregate.h"
#include "bridge/windows/panes.h"
#include "bridge/windows/sample.h"

namespace millrace::windows {

// A window that closes: it has the panes that end at or before `end`.
struct Cut {
    EventTime start;
    EventTime end;
    EventTime spent;  // panes that end at or before this are in no later window
};

struct Frame {
    // The end of the pane that takes an event at `at`.
    EventTime (*pane)(const Window&, EventTime at);
    // Where a pane that ends there begins; of kinds that grow, the pane itself says.
    EventTime (*begin)(const Window&, EventTime end);
    // When to look for a window to close: not after the end of the next. `closed` is the end of the window closed last,
    // of kinds that overlap. Requires: there is a pane.
    EventTime (*due)(const Window&, const Panes::Rows&, EventTime closed);
    // The next window, if it ends before the watermark. Drops and joins panes as no window will tell apart. Nothing:
    // due() is the watermark or later now.
    std::optional<Cut> (*next)(const Window&, Panes&, EventTime closed, EventTime watermark);
    bool overlap;  // a pane may be in several windows
    bool grows;    // a pane may be longer than its end tells
};

// The registry of kinds.
const Frame& frame(WindowKind kind);

}  // namespace millrace::windows
