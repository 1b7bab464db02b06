// Windows: all aggregates of one partition, of every tenant: events in, closed windows out.
//
// A group (aggregate, tenant, typed group values) holds *panes*: the accumulators of the events of one short stretch of
// time, so that an event is added once however many windows it is in. A window that closes merges its panes. Every
// accumulator is a function of the set of events it was given, whatever the order, and so is everything here: outputs
// and bytes do not depend on the order of arrival, nor on how often the state was stored and read back.
//
// An event at the watermark is still acceptable, so a window that ends at E closes when the watermark is beyond E.
// Requires: no event added is older than a watermark its tenant was closed at (EventClock sees to it).
//
// Thread: one engine's. Time: told. Bounds: none of its own; bytes() tells what is held, and the caller stops reading
// when it is too much. Not here: no watermark, no identity, no rendering of the output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/aggregate.h"
#include "bridge/base/bytes.h"
#include "bridge/base/result.h"
#include "bridge/windows/sample.h"

namespace millrace::windows {

// What is open of one aggregate. A pane is a window where windows do not overlap, a piece of several where they do.
struct Held {
    std::size_t groups = 0;
    std::size_t panes = 0;
    std::size_t bytes = 0;  // in memory, about
};

// One pane of it: the events of a group in (start, end], or at `end` where the two are the same. A pane of a session
// goes from one event to another, both in it.
struct OpenPane {
    std::uint32_t aggregate = 0;
    std::string tenant;
    std::vector<Value> group;
    EventTime start;
    EventTime end;
    EventTime due;  // the group has nothing to publish before the watermark is beyond this
    std::uint64_t count = 0;
};

class Windows {
  public:
    // `aggregates` is copied. Requires: checked as config/ does.
    explicit Windows(std::span<const Aggregate> aggregates);
    ~Windows();
    Windows(Windows&&) noexcept;
    Windows& operator=(Windows&&) noexcept;

    // Requires: as many values as operands() names.
    void add(const Sample& sample);

    // Appends the tenant's windows that end before `watermark` to `out`, `most` of them at most, in the order (end,
    // aggregate, group). True when nothing is left to close; otherwise it is called again, now or after the state was
    // stored and read back, before another event of the tenant is added.
    bool close(std::string_view tenant, EventTime watermark, std::size_t most, std::vector<Closed>& out);

    // The state is records, one per group; a group that is gone is a record without a body. `write_changes` writes
    // what changed since the last call of either, `write_all` everything. Equal content gives equal bytes.
    void write_changes(ByteWriter& out);
    void write_all(ByteWriter& out);
    // Puts the records over what is there. invalid: the bytes are damaged, or of other aggregates; what is held then
    // is of no use.
    Result<void> read(ByteReader& in);

    // Those with open windows, sorted.
    [[nodiscard]] std::vector<std::string> tenants() const;
    [[nodiscard]] bool empty(std::string_view tenant) const;
    [[nodiscard]] std::size_t groups() const;
    [[nodiscard]] std::size_t bytes() const;  // held in memory, about
    // By aggregate. Walks all groups.
    [[nodiscard]] std::vector<Held> held() const;
    // `most` panes of the groups that are due first.
    [[nodiscard]] std::vector<OpenPane> open(std::size_t most) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::windows
