// EventClock: what time it is in the events of one partition, per tenant, and which events missed it.
//
// A tenant's watermark is the latest event time seen minus the tolerance for disorder; events at or after it are in
// time. Every event inside the early limit moves it at its place in the stream, whatever becomes of the event. What
// moves it is at most the stored time plus `skew`, so that one event from the far future closes nothing; and no
// tenant's events move another's.
//
// Steps, in this order: an event further than `early` after its stored time is *early* and left out. One further than
// `late` before it is moved to that limit, or is *late*. One before the watermark is moved to it, or is *late*. Stored
// times count as never going back within the partition.
//
// Thread: one engine's. Time: told. Bounds: a tenant is forgotten once the idle watermark has reached its own; until
// then each takes some hundred bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridge/base/bytes.h"
#include "bridge/base/result.h"
#include "bridge/windows/sample.h"

namespace millrace::windows {

class EventClock {
  public:
    struct Rules {
        Duration out_of_order{};
        std::optional<Duration> late;  // nothing: no event is too late for its stored time
        Duration early{};
        Duration skew{};
        bool adjust = true;  // events that miss are moved to the earliest time that still counts
    };
    enum class Standing { in_time, adjusted, late, early };
    struct Judged {
        Standing standing{};
        EventTime at;  // the time that counts; of late and early events, their own
        bool operator==(const Judged&) const = default;
    };

    static constexpr EventTime kNone = EventTime::min();  // the watermark before anything was seen

    explicit EventClock(const Rules& rules) : rules_(rules) {}

    // The next event in stream order. `at`: nothing for the stored time.
    Judged judge(std::string_view tenant, std::optional<EventTime> at, ServerTime stored);

    // Never goes back.
    [[nodiscard]] EventTime watermark(std::string_view tenant) const;

    // Nothing before `until` is still to come, of any tenant, seen or not. Never goes back.
    void idle(EventTime until);
    [[nodiscard]] EventTime idle_watermark() const { return idle_; }

    // As in Windows.
    void write_changes(ByteWriter& out);
    void write_all(ByteWriter& out);
    Result<void> read(ByteReader& in);

    [[nodiscard]] std::size_t tenants() const { return tenants_.size(); }  // remembered
    // Of those, in the order of their names.
    [[nodiscard]] std::vector<std::pair<std::string, EventTime>> watermarks() const;

  private:
    struct Tenant {
        EventTime watermark = kNone;
        bool changed = true;
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    void write(ByteWriter& out, bool all);

    Rules rules_;
    EventTime stored_ = kNone;  // the latest stored time
    EventTime idle_ = kNone;
    std::unordered_map<std::string, Tenant, Hash, std::equal_to<>> tenants_;
};

}  // namespace millrace::windows
