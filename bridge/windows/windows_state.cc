// The state of windows as records: how they are written and read back.
#include <algorithm>
#include <utility>

#include "bridge/windows/group.h"

namespace millrace::windows {

std::string Windows::State::record_key(const Group& group) const {
    ByteWriter out;
    out.number(group.plan->index);
    out.text(*group.tenant->name);
    out.raw(*group.key);
    return out.take();
}

void Windows::State::write(const Group& group, ByteWriter& out) {
    const Frame& frame = *group.plan->frame;
    if (frame.overlap) write_time(out, group.closed);
    const auto& rows = group.panes.rows();
    out.number(rows.size());
    for (const auto& [end, pane] : rows) {
        write_time(out, end);
        if (frame.grows) write_time(out, pane.since);
        pane.tally.write(out);
    }
}

void Windows::State::write(ByteWriter& out, bool all) {
    using Record = std::pair<std::string, Group*>;
    std::vector<Record> records;
    const auto take = [&](Group& group) { records.emplace_back(record_key(group), &group); };
    if (all) {
        for (auto& [name, tenant] : tenants) {
            for (Group* group : tenant.due) take(*group);
        }
    } else {
        for (Group* group : changed) {
            if (group != nullptr) take(*group);
        }
        for (const auto& record : gone) records.emplace_back(record, nullptr);
    }
    for (Group* group : changed) {
        if (group != nullptr) group->changed = 0;
    }
    changed.clear();
    gone.clear();

    // In the order of their keys; a group that went and came again is one that changed. Places are sorted, and not what
    // stands there: a swap of two texts costs more than the comparison.
    std::vector<const Record*> sorted;
    sorted.reserve(records.size());
    for (const Record& record : records) sorted.push_back(&record);
    std::ranges::sort(sorted, [](const Record* a, const Record* b) {
        const int order = a->first.compare(b->first);
        return order != 0 ? order < 0 : a->second != nullptr && b->second == nullptr;
    });
    const auto same = [](const Record* a, const Record* b) { return a->first == b->first; };
    sorted.erase(std::ranges::unique(sorted, same).begin(), sorted.end());
    out.number(sorted.size());
    ByteWriter body;
    for (const Record* const record : sorted) {
        const auto& [text, group] = *record;
        body.clear();
        if (group != nullptr) {
            write(*group, body);
            group->stored = true;
        }
        out.text(text);
        out.text(body.bytes());
    }
}

bool Windows::State::read_record(std::string_view record, std::string_view body) {
    ByteReader in(record);
    const std::uint64_t index = in.number();
    const std::string_view name = in.text();
    if (in.bad() || index >= plans.size()) return false;
    const Plan& plan = *std::next(plans.begin(), static_cast<std::ptrdiff_t>(index));
    ByteWriter values;
    for (std::size_t i = 0; i < plan.group_by.size(); ++i) {
        Value value;
        if (!read_value(in, value)) return false;
        write_value(values, value);
    }
    if (!in.whole()) return false;

    gone.erase(std::string(record));
    if (Tenant* of = find(name)) {
        auto& held = of->groups[index];
        if (const auto known = held.find(values.bytes()); known != held.end()) {
            bytes -= known->second.panes.held();
            known->second.stored = false;  // what is read takes its place
            remove(known->second);
        }
        if (body.empty()) forget_if_empty(*of);
    }
    return body.empty() || read_body(group(plan, tenant(name), values.bytes()), body);
}

bool Windows::State::read_body(Group& group, std::string_view body) {
    const Plan& plan = *group.plan;
    const Window& window = plan.aggregate.window;
    ByteReader in(body);
    if (plan.frame->overlap) group.closed = read_time(in);
    const std::uint64_t size = in.number();
    for (std::uint64_t i = 0; i < size; ++i) {
        const EventTime end = read_time(in);
        Pane pane{plan.frame->grows ? read_time(in) : end, Tally(plan.shape)};
        if (end != usable(end) || plan.frame->pane(window, end) != end) return false;
        if (pane.since > end || pane.since != usable(pane.since)) return false;
        const auto& rows = group.panes.rows();
        if (!rows.empty() && std::prev(rows.end())->first >= end) return false;
        if (!pane.tally.read(in)) return false;
        group.panes.append(end, std::move(pane));
    }
    if (group.panes.empty() || !in.whole()) return false;
    bytes += group.panes.held();
    group.stored = true;
    set_due(group, plan.frame->due(window, group.panes.rows(), group.closed));
    return true;
}

void Windows::write_changes(ByteWriter& out) { state_->write(out, false); }
void Windows::write_all(ByteWriter& out) { state_->write(out, true); }

Result<void> Windows::read(ByteReader& in) {
    const std::uint64_t size = in.number();
    for (std::uint64_t i = 0; i < size; ++i) {
        const std::string_view record = in.text();
        const std::string_view body = in.text();
        if (in.bad() || !state_->read_record(record, body)) {
            return fail(ErrorCode::invalid, "windows: record " + std::to_string(i + 1) + " of " + std::to_string(size) +
                                                ": the bytes are damaged or of other aggregates; restore the state "
                                                "stream, or begin a new generation");
        }
    }
    if (in.bad()) return fail(ErrorCode::invalid, "windows: the bytes are damaged; restore the state stream");
    return {};
}

}  // namespace millrace::windows
