// Applier: what the events of one owned partition come to, in memory: the clock, the windows, and what is to be
// published. It takes messages in stream order and nothing else decides its state, so that the same messages give the
// same aggregates (and idle advances the same as were written down).
//
// Thread: one engine's. Bounds: the outbox, by `full`, exceeded by what one message makes at most; the windows by
// nothing here (`bytes` tells).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/rendering.h"
#include "bridge/settings/settings.h"
#include "bridge/state/head.h"
#include "bridge/windows/event_clock.h"
#include "bridge/windows/windows.h"

namespace millrace::engine {

class Applier {
  public:
    static constexpr std::size_t kMostEntries = 1000;
    static constexpr std::size_t kMostBytes = 512 << 10;

    // All outlive it.
    Applier(const settings::Pipeline& pipeline, Partition partition, const Rendering& rendering);

    // Nothing more may be applied before the outbox was taken and what is over is closed.
    [[nodiscard]] bool full() const { return !outbox_has_room() || is_closing(); }
    // What is applied has closed windows that wait for room in the outbox.
    [[nodiscard]] bool is_closing() const { return !moved_.empty(); }
    // Requires: not full, every event has its score or verdict where events are scored, and every message of the
    // partition before this one was applied.
    Fates apply(Delivery& delivery);
    // Publishes the verdict on an event before its message can be applied; it is not published again then.
    void condemn(const Delivery& delivery, const Event& event);
    [[nodiscard]] bool is_condemned(EventPlace place) const { return condemned_.contains(place); }
    // It is known that no event of an earlier time can come any more that would not be late.
    void idle(ServerTime until);
    // Closes the windows that are over, as far as there is room in the outbox. What is left is closed by the next call.
    void close();
    // Aggregates that end at or before this are not published.
    void publish_after(ServerTime time) { publish_after_ = time; }

    // Something of an aggregate is open that only time will close.
    [[nodiscard]] bool waits_for_time() const { return windows_.groups() > 0; }
    // There is something to commit besides the floor: an outbox, a clock that was moved by idleness.
    [[nodiscard]] bool wants_commit() const { return !outbox_.empty() || idled_ || !moved_.empty(); }
    [[nodiscard]] std::size_t bytes() const { return windows_.bytes() + outbox_bytes_; }
    // For those who look only.
    [[nodiscard]] const windows::EventClock& clock() const { return clock_; }
    [[nodiscard]] const windows::Windows& windows() const { return windows_; }
    // How far idleness has moved the clock.
    [[nodiscard]] ServerTime idle_until() const { return clock_.idle_watermark(); }

    // What changed since the last call, or all there is; the outbox is handed over with it.
    state::Content take(bool whole);
    // Of a chain, in its order. The outbox of the content is not taken.
    Result<void> read(const state::Content& content);

  private:
    void move_clock(const Delivery& delivery, const Event& event);
    Fate pass_over(const Delivery& delivery, const Event& event);
    Fate place(const Delivery& delivery, Event& event);
    void publish(state::OutboxEntry entry);
    void summarize(state::OutboxEntry entry);
    [[nodiscard]] bool outbox_has_room() const { return outbox_.size() < kMostEntries && outbox_bytes_ < kMostBytes; }

    const settings::Pipeline& pipeline_;
    const Partition partition_;
    const Rendering& rendering_;
    windows::EventClock clock_;
    windows::Windows windows_;
    std::set<std::string, std::less<>> moved_;  // tenants whose watermark may have passed a window
    std::vector<state::OutboxEntry> outbox_;
    std::size_t outbox_bytes_ = 0;
    std::unordered_map<std::string, std::size_t> summaries_;  // of the outbox: subject → place
    const std::size_t entries_per_window_;
    ServerTime publish_after_ = ServerTime::min();
    bool idled_ = false;
    std::set<EventPlace> condemned_;  // of messages that are not applied
    std::vector<EventPlace> newly_condemned_;
};

}  // namespace millrace::engine
