#include "bridge/engine/applier.h"

#include <algorithm>
#include <utility>

#include "bridge/base/bytes.h"

namespace millrace::engine {

namespace {

using windows::EventClock;

// Without a field of its own an event's time is the stored time, which is never late.
EventClock::Rules rules_of(const settings::Event& event) {
    EventClock::Rules rules;
    rules.out_of_order = event.out_of_order_tolerance;
    rules.late = event.timestamp.empty() ? Duration::zero() : event.late_arrival_tolerance;
    rules.early = event.early_limit;
    rules.adjust = event.on_late == settings::OnLate::adjust;
    return rules;
}

bool has_summary(const Aggregate& aggregate) { return !aggregate.kv_bucket.empty(); }

std::size_t size_of(const state::OutboxEntry& entry) {
    std::size_t size = entry.payload.size() + entry.subject.size();
    for (const auto& [name, value] : entry.headers) size += name.size() + value.size();
    return size;
}

Fate fate_of(EventClock::Standing standing) {
    switch (standing) {
        case EventClock::Standing::in_time:
            return Fate::in_time;
        case EventClock::Standing::adjusted:
            return Fate::adjusted;
        case EventClock::Standing::late:
            return Fate::late;
        case EventClock::Standing::early:
            return Fate::early;
    }
    return Fate::early;
}

}  // namespace

Applier::Applier(const settings::Pipeline& pipeline, Partition partition, const Rendering& rendering)
    : pipeline_(pipeline),
      partition_(partition),
      rendering_(rendering),
      clock_(rules_of(pipeline.event)),
      windows_(pipeline.aggregates),
      entries_per_window_(std::ranges::any_of(pipeline.aggregates, has_summary) ? 2 : 1) {}

Fates Applier::apply(Delivery& delivery) {
    Fates fates{};
    for (Event& event : delivery.events) {
        Fate fate = Fate::dead;
        if (event.fault || event.settlement.verdict) {
            if (!event.settlement.told) publish(rendering_.dead_letter(delivery, event));
            move_clock(delivery, event);
        } else if (event.selection != Selection::selected) {
            fate = pass_over(delivery, event);
        } else {
            fate = pipeline_.aggregates.empty() ? Fate::in_time : place(delivery, event);
        }
        ++fates[static_cast<std::size_t>(fate)];
    }
    if (!condemned_.empty())
        condemned_.erase(condemned_.begin(), condemned_.lower_bound({delivery.stream_sequence + 1, 0}));
    close();
    return fates;
}

void Applier::condemn(const Delivery& delivery, const Event& event) {
    publish(rendering_.dead_letter(delivery, event));
    condemned_.insert({delivery.stream_sequence, event.element});
    newly_condemned_.push_back({delivery.stream_sequence, event.element});
}

// An event that has a time moves the clock at its place in the stream, whatever becomes of it.
void Applier::move_clock(const Delivery& delivery, const Event& event) {
    if (pipeline_.aggregates.empty()) return;
    if (delivery.tenant.empty() || (!event.at && !pipeline_.event.timestamp.empty())) return;
    clock_.judge(delivery.tenant, event.at, delivery.stored_at);
    moved_.insert(delivery.tenant);
}

Fate Applier::pass_over(const Delivery& delivery, const Event& event) {
    move_clock(delivery, event);
    if (event.selection == Selection::filtered) return Fate::filtered;
    publish(rendering_.bypassed(delivery, event));
    return Fate::bypassed;
}

Fate Applier::place(const Delivery& delivery, Event& event) {
    const auto judged = clock_.judge(delivery.tenant, event.at, delivery.stored_at);
    if (!moved_.contains(delivery.tenant)) moved_.insert(delivery.tenant);
    const Fate fate = fate_of(judged.standing);
    if (fate == Fate::in_time || fate == Fate::adjusted) {
        rendering_.add_score_values(event);
        windows_.add({delivery.tenant, judged.at, {delivery.stream_sequence, event.element}, event.values});
    } else if (pipeline_.event.on_late == settings::OnLate::subject) {
        publish(rendering_.late(delivery, event, fate));
    }
    return fate;
}

void Applier::idle(ServerTime until) {
    if (until <= clock_.idle_watermark()) return;
    clock_.idle(until);
    idled_ = true;
    for (std::string& tenant : windows_.tenants()) moved_.insert(std::move(tenant));
    close();
}

void Applier::close() {
    std::vector<windows::Closed> closed;
    while (!moved_.empty() && outbox_has_room()) {
        closed.clear();
        const std::string& tenant = *moved_.begin();
        const std::size_t room = (kMostEntries - outbox_.size() + entries_per_window_ - 1) / entries_per_window_;
        const bool all = windows_.close(tenant, clock_.watermark(tenant), room, closed);
        for (const windows::Closed& window : closed) {
            if (window.end <= publish_after_) continue;
            publish(rendering_.aggregate(partition_, window));
            if (has_summary(pipeline_.aggregates[window.aggregate])) summarize(rendering_.summary(partition_, window));
        }
        if (all) moved_.erase(moved_.begin());
    }
}

void Applier::publish(state::OutboxEntry entry) {
    outbox_bytes_ += size_of(entry);
    outbox_.push_back(std::move(entry));
}

// Windows of a group close in the order of their ends: of those in one commit the newest is the one to tell of.
void Applier::summarize(state::OutboxEntry entry) {
    const auto [known, first] = summaries_.try_emplace(entry.subject, outbox_.size());
    if (first) return publish(std::move(entry));
    state::OutboxEntry& before = outbox_[known->second];
    outbox_bytes_ += size_of(entry);
    outbox_bytes_ -= size_of(before);
    before = std::move(entry);
}

state::Content Applier::take(bool whole) {
    ByteWriter clock;
    ByteWriter windows;
    if (whole) {
        clock_.write_all(clock);
        windows_.write_all(windows);
    } else {
        clock_.write_changes(clock);
        windows_.write_changes(windows);
    }
    outbox_bytes_ = 0;
    summaries_.clear();
    idled_ = false;
    std::vector<EventPlace> condemned = std::exchange(newly_condemned_, {});
    if (whole) condemned.assign(condemned_.begin(), condemned_.end());
    return {clock.take(), windows.take(), std::exchange(outbox_, {}), std::move(condemned)};
}

Result<void> Applier::read(const state::Content& content) {
    if (!content.clock.empty()) {
        ByteReader clock(content.clock);
        if (auto read = clock_.read(clock); !read) return read;
    }
    if (!content.windows.empty()) {
        ByteReader windows(content.windows);
        if (auto read = windows_.read(windows); !read) return read;
    }
    condemned_.insert(content.condemned.begin(), content.condemned.end());
    // The commit may have stopped in the middle of closing.
    for (std::string& tenant : windows_.tenants()) moved_.insert(std::move(tenant));
    return {};
}

}  // namespace millrace::engine
