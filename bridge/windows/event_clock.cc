#include "bridge/windows/event_clock.h"

#include <algorithm>
#include <vector>

#include "bridge/windows/moment.h"

namespace millrace::windows {

EventClock::Judged EventClock::judge(std::string_view tenant, std::optional<EventTime> at, ServerTime stored) {
    stored_ = std::max(stored_, usable(stored));
    EventTime counts = usable(at.value_or(stored_));
    if (counts > plus(stored_, rules_.early)) return {Standing::early, counts};

    bool late = false;
    if (rules_.late && counts < minus(stored_, *rules_.late)) {
        late = true;
        if (rules_.adjust) counts = minus(stored_, *rules_.late);
    }
    auto known = tenants_.find(tenant);
    const EventTime before = known == tenants_.end() ? idle_ : std::max(idle_, known->second.watermark);
    const EventTime moved = minus(std::min(counts, plus(stored_, rules_.skew)), rules_.out_of_order);
    if (moved > before) {
        if (known == tenants_.end()) known = tenants_.emplace(tenant, Tenant{}).first;
        known->second = {moved, true};
    }
    if (counts < before) {
        late = true;
        if (rules_.adjust) counts = before;
    }
    if (!late) return {Standing::in_time, counts};
    return {rules_.adjust ? Standing::adjusted : Standing::late, counts};
}

EventTime EventClock::watermark(std::string_view tenant) const {
    const auto known = tenants_.find(tenant);
    return known == tenants_.end() ? idle_ : std::max(idle_, known->second.watermark);
}

void EventClock::idle(EventTime until) {
    if (until <= idle_) return;
    idle_ = usable(until);
    std::erase_if(tenants_, [&](const auto& tenant) { return tenant.second.watermark <= idle_; });
}

std::vector<std::pair<std::string, EventTime>> EventClock::watermarks() const {
    std::vector<std::pair<std::string, EventTime>> rows;
    for (const auto& [name, tenant] : tenants_) rows.emplace_back(name, std::max(idle_, tenant.watermark));
    std::ranges::sort(rows);
    return rows;
}

void EventClock::write_changes(ByteWriter& out) { write(out, false); }
void EventClock::write_all(ByteWriter& out) { write(out, true); }

// Who is forgotten follows from the idle watermark, which stands in front.
void EventClock::write(ByteWriter& out, bool all) {
    std::vector<decltype(tenants_)::pointer> rows;
    for (auto& row : tenants_) {
        if (all || row.second.changed) rows.push_back(&row);
        row.second.changed = false;
    }
    std::ranges::sort(rows, {}, [](const auto* row) -> const std::string& { return row->first; });
    write_time(out, stored_);
    write_time(out, idle_);
    out.number(rows.size());
    for (const auto* row : rows) {
        out.text(row->first);
        write_time(out, row->second.watermark);
    }
}

Result<void> EventClock::read(ByteReader& in) {
    stored_ = std::max(stored_, read_time(in));
    const EventTime until = read_time(in);
    for (std::uint64_t left = in.number(); left > 0 && !in.bad(); --left) {
        const std::string_view tenant = in.text();
        const EventTime watermark = read_time(in);
        if (!in.bad()) tenants_.insert_or_assign(std::string(tenant), Tenant{watermark, false});
    }
    if (in.bad()) return fail(ErrorCode::invalid, "watermarks: the bytes are damaged; restore the state stream");
    idle(until);
    return {};
}

}  // namespace millrace::windows
