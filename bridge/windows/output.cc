#include "bridge/windows/output.h"

#include <algorithm>
#include <optional>

namespace millrace::windows {
namespace {

Field rendered(const Outcome& outcome) {
    Field field{{}, outcome.approximate, outcome.truncated, outcome.overflow};
    append_json(field.json, outcome.value);
    return field;
}

bool meets(Condition::Op op, std::strong_ordering order) {
    switch (op) {
        case Condition::Op::equal:
            return order == 0;
        case Condition::Op::not_equal:
            return order != 0;
        case Condition::Op::less:
            return order < 0;
        case Condition::Op::less_or_equal:
            return order <= 0;
        case Condition::Op::greater:
            return order > 0;
        case Condition::Op::greater_or_equal:
            return order >= 0;
    }
    return false;
}

}  // namespace

std::vector<Value> group_values(const Group& group) {
    std::vector<Value> values(group.plan->group_by.size());
    ByteReader in(*group.key);
    for (Value& value : values) read_value(in, value);
    return values;
}

bool meets(const Condition& condition, const Value& value) {
    Value scratch[2];
    const Value& a = *plain(&value, scratch[0]);
    const Value& b = *plain(&condition.literal, scratch[1]);
    if (is_number(a) != is_number(b)) return false;  // they have an order, but it is not meant here
    if (const auto order = compare(a, b)) return meets(condition.op, *order);
    const bool* x = std::get_if<bool>(&a);
    const bool* y = std::get_if<bool>(&b);
    return x != nullptr && y != nullptr && meets(condition.op, *x <=> *y);
}

void emit(const Group& group, const Cut& cut, const Tally& tally, std::vector<Closed>& out) {
    const Plan& plan = *group.plan;
    const auto outcomes = tally.outcomes();
    for (const Condition& condition : plan.aggregate.having) {
        if (!meets(condition, outcomes[condition.select].value)) return;
    }
    Closed closed{plan.index, *group.tenant->name, cut.start,     cut.end,     group_values(group),
                  {},         tally.count(),       tally.first(), tally.last()};
    for (const Outcome& outcome : outcomes) closed.fields.push_back(rendered(outcome));
    out.push_back(std::move(closed));
}

}  // namespace millrace::windows
