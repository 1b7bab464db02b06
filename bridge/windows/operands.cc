#include "bridge/windows/operands.h"

#include <algorithm>

namespace millrace::windows {

Operand group_operand(const std::string& field) { return {Operand::From::event, field}; }

std::vector<Operand> operands(std::span<const Aggregate> aggregates) {
    std::vector<Operand> all;
    const auto take = [&](const Operand& operand) {
        if (operand.from == Operand::From::nothing || std::ranges::find(all, operand) != all.end()) return;
        all.push_back(operand);
    };
    for (const Aggregate& aggregate : aggregates) {
        for (const auto& field : aggregate.group_by) take(group_operand(field));
        for (const auto& select : aggregate.select) take(select.operand);
    }
    return all;
}

}  // namespace millrace::windows
