#include "bridge/windows/windows.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <tuple>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/windows/group.h"
#include "bridge/windows/operands.h"
#include "bridge/windows/output.h"

namespace millrace::windows {

Plan::Plan(std::uint32_t which, const Aggregate& of, std::span<const Operand> operands)
    : index(which), aggregate(of), shape(aggregate, operands), frame(&windows::frame(of.window.kind)) {
    for (const auto& field : of.group_by) {
        const auto at = std::ranges::find(operands, group_operand(field));
        group_by.push_back(static_cast<std::size_t>(at - operands.begin()));
    }
}

Windows::State::State(std::span<const Aggregate> aggregates) {
    const auto all = operands(aggregates);
    scratch.resize(all.size());
    seen.resize(all.size());
    std::uint32_t index = 0;
    for (const Aggregate& aggregate : aggregates) plans.emplace_back(index++, aggregate, all);
}

void Windows::State::add(const Sample& sample) {
    MILLRACE_CHECK(sample.values.size() == seen.size(), "a sample has the values operands() names");
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const Value& value = sample.values[i];
        seen[i] = {plain(&value, scratch[i]), std::holds_alternative<double>(value)};
    }
    Tenant& of = tenant(sample.tenant);
    for (const Plan& plan : plans) add(plan, of, sample);
}

void Windows::State::add(const Plan& plan, Tenant& of, const Sample& sample) {
    key.clear();
    for (const std::size_t operand : plan.group_by) write_value(key, *seen[operand].value);
    Group& held = group(plan, of, key.bytes());
    const Window& window = plan.aggregate.window;
    const EventTime at = usable(sample.at);
    const std::size_t before = held.panes.held();
    const bool fresh = held.panes.add(plan.frame->pane(window, at), seen, at, sample.place);
    bytes += held.panes.held() - before;
    if (fresh) set_due(held, plan.frame->due(window, held.panes.rows(), held.closed));
    mark_changed(held);
}

bool Windows::State::close(Tenant& of, EventTime watermark, std::size_t most, std::vector<Closed>& out) {
    const std::size_t full = out.size() + most;
    while (!of.due.empty() && (*of.due.begin())->due < watermark) {
        if (out.size() >= full) return false;
        close_next(**of.due.begin(), watermark, out);
    }
    forget_if_empty(of);
    return true;
}

void Windows::State::close_next(Group& group, EventTime watermark, std::vector<Closed>& out) {
    const Plan& plan = *group.plan;
    const Window& window = plan.aggregate.window;
    const std::size_t before = group.panes.held();
    mark_changed(group);
    const auto cut = plan.frame->next(window, group.panes, group.closed, watermark);
    const EventTime expected = group.due;
    if (cut && cut->end == expected) {
        std::optional<Tally> merged;
        const Tally* tally = group.panes.merged_through(cut->end, plan.frame->overlap, merged);
        if (tally != nullptr) emit(group, *cut, *tally, out);
        group.panes.drop_through(cut->spent);
        if (plan.frame->overlap) group.closed = cut->end;
    }
    bytes -= before - group.panes.held();
    if (group.panes.empty()) return remove(group);
    if (!cut) return set_due(group, std::max(watermark, plan.frame->due(window, group.panes.rows(), group.closed)));
    if (cut->end != expected) return set_due(group, cut->end);
    set_due(group, plan.frame->due(window, group.panes.rows(), group.closed));
}

Tenant* Windows::State::find(std::string_view name) {
    if (recent != nullptr && *recent->name == name) return recent;
    const auto known = tenants.find(name);
    return known == tenants.end() ? nullptr : &known->second;
}

Tenant& Windows::State::tenant(std::string_view name) {
    recent = find(name);
    if (recent != nullptr) return *recent;
    const auto made = tenants.try_emplace(std::string(name)).first;
    made->second.name = &made->first;
    made->second.groups.resize(plans.size());
    return *(recent = &made->second);
}

Group& Windows::State::group(const Plan& plan, Tenant& of, std::string_view values) {
    auto& held = of.groups[plan.index];
    if (const auto known = held.find(values); known != held.end()) return known->second;
    const auto made = held.try_emplace(std::string(values), plan, of).first;
    made->second.key = &made->first;
    ++groups;
    bytes += sizeof(Group) + made->first.size() + 160;  // the nodes of the table and of the set, and the hash
    return made->second;
}

void Windows::State::remove(Group& group) {
    Tenant& of = *group.tenant;
    of.due.erase(&group);
    if (group.changed > 0) changed[group.changed - 1] = nullptr;
    if (group.stored) gone.insert(record_key(group));
    --groups;
    bytes -= sizeof(Group) + group.key->size() + 160;
    auto& held = of.groups[group.plan->index];
    held.erase(held.find(*group.key));
}

void Windows::State::forget_if_empty(Tenant& of) {
    if (!of.due.empty()) return;
    if (recent == &of) recent = nullptr;
    tenants.erase(tenants.find(*of.name));
}

void Windows::State::set_due(Group& group, EventTime due) {
    if (group.due == due) return;
    auto& order = group.tenant->due;
    if (group.due != kNotDue) order.erase(&group);
    group.due = due;
    order.insert(&group);
}

void Windows::State::mark_changed(Group& group) {
    if (group.changed > 0) return;
    changed.push_back(&group);
    group.changed = changed.size();
}

Windows::Windows(std::span<const Aggregate> aggregates) : state_(std::make_unique<State>(aggregates)) {}
Windows::~Windows() = default;
Windows::Windows(Windows&&) noexcept = default;
Windows& Windows::operator=(Windows&&) noexcept = default;

void Windows::add(const Sample& sample) { state_->add(sample); }

bool Windows::close(std::string_view tenant, EventTime watermark, std::size_t most, std::vector<Closed>& out) {
    Tenant* of = state_->find(tenant);
    return of == nullptr || state_->close(*of, std::min(watermark, kLatest), most, out);
}

std::vector<std::string> Windows::tenants() const {
    std::vector<std::string> names;
    for (const auto& [name, tenant] : state_->tenants) names.push_back(name);
    std::ranges::sort(names);
    return names;
}

bool Windows::empty(std::string_view tenant) const { return !state_->tenants.contains(tenant); }
std::size_t Windows::groups() const { return state_->groups; }
std::size_t Windows::bytes() const { return state_->bytes; }

std::vector<OpenPane> Windows::open(std::size_t most) const {
    std::vector<const Group*> first;
    for (const auto& [name, tenant] : state_->tenants)
        std::ranges::copy(tenant.due | std::views::take(most), std::back_inserter(first));
    std::ranges::sort(first, [](const Group* a, const Group* b) {
        return std::tie(a->due, a->plan->index, *a->tenant->name, *a->key) <
               std::tie(b->due, b->plan->index, *b->tenant->name, *b->key);
    });
    std::vector<OpenPane> out;
    for (const Group* group : first) {
        const Plan& plan = *group->plan;
        for (const auto& [end, pane] : group->panes.rows()) {
            if (out.size() == most) return out;
            const EventTime start = plan.frame->grows ? pane.since : plan.frame->begin(plan.aggregate.window, end);
            out.push_back(
                {plan.index, *group->tenant->name, group_values(*group), start, end, group->due, pane.tally.count()});
        }
    }
    return out;
}

std::vector<Held> Windows::held() const {
    std::vector<Held> all(state_->plans.size());
    for (const auto& [name, tenant] : state_->tenants) {
        for (const Group* group : tenant.due) {
            Held& held = all[group->plan->index];
            ++held.groups;
            held.panes += group->panes.rows().size();
            held.bytes += group->panes.held();
        }
    }
    return all;
}

}  // namespace millrace::windows
