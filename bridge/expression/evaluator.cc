#include <algorithm>

#include "bridge/expression/cast.h"
#include "bridge/expression/expression.h"
#include "bridge/expression/operations.h"

namespace millrace::expression {
namespace {

Cell literal(const Node& node) {
    switch (node.type) {
        case Type::bit:
            return Cell::of(node.truth);
        case Type::bigint:
            return Cell::of(node.whole);
        case Type::real:
            return Cell::of(node.real);
        case Type::text:
            return Cell::of(std::string_view(node.text));
        default:
            return {};
    }
}

Cell turned(bool negated, const Cell& cell) { return negated ? logical_not(cell) : cell; }

Cell is_null(const Cell& cell) { return cell.type == Type::fault ? cell : Cell::of(cell.type == Type::null); }

Cell type_name(const Cell& cell) {
    return cell.type == Type::null || cell.type == Type::fault ? cell : Cell::of(name(cell.type));
}

// Patterns are for texts; a number has none.
Cell like(const LikePattern& pattern, const Cell& cell) {
    if (cell.type == Type::fault) return cell;
    return cell.type == Type::text ? Cell::of(pattern.matches(cell.text)) : Cell{};
}

Cell cast_at(const Node& node, const Cell& cell, std::span<char> digits) {
    Cell made = cast(cell, node.type, digits);
    if (made.type != Type::fault || cell.type == Type::fault) return made;
    if (node.op == Op::try_cast) return {};
    made.whole = static_cast<std::int64_t>(node.at);
    return made;
}

}  // namespace

Evaluator::Evaluator(const Expression& expression) : expression_(expression), cells_(expression.nodes().size()) {
    std::size_t texts = 0;
    for (const Node& node : expression.nodes()) {
        if (node.op == Op::cast || node.op == Op::try_cast) texts = std::max<std::size_t>(texts, node.slot + 1);
    }
    digits_.resize(texts);
}

Cell Evaluator::run(std::span<const Cell> fields) {
    const std::vector<Node>& nodes = expression_.nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) cells_[i] = compute(nodes[i], fields);
    return cells_.back();
}

Cell Evaluator::compute(const Node& node, std::span<const Cell> fields) {
    switch (node.op) {
        case Op::literal:
            return literal(node);
        case Op::field:
            return fields[node.slot];
        case Op::negate:
            return arithmetic(node.op, operand(node, 0), {});
        case Op::add:
        case Op::subtract:
        case Op::multiply:
        case Op::divide:
        case Op::remainder:
            return arithmetic(node.op, operand(node, 0), operand(node, 1));
        case Op::equal:
        case Op::not_equal:
        case Op::less:
        case Op::less_or_equal:
        case Op::greater:
        case Op::greater_or_equal:
            return compare(node.op, operand(node, 0), operand(node, 1));
        case Op::is_null:
            return turned(node.negated, is_null(operand(node, 0)));
        case Op::between:
            return turned(node.negated, logical_and(compare(Op::greater_or_equal, operand(node, 0), operand(node, 1)),
                                                    compare(Op::less_or_equal, operand(node, 0), operand(node, 2))));
        case Op::in:
            return turned(node.negated, in(node));
        case Op::like:
            return turned(node.negated, like(*node.pattern, operand(node, 0)));
        case Op::logical_not:
            return logical_not(operand(node, 0));
        case Op::logical_and:
            return logical_and(operand(node, 0), operand(node, 1));
        case Op::logical_or:
            return logical_or(operand(node, 0), operand(node, 1));
        case Op::searched_case:
        case Op::simple_case:
            return chosen(node);
        case Op::cast:
        case Op::try_cast:
            return cast_at(node, operand(node, 0), digits_[node.slot]);
        case Op::coalesce:
            return first_known(node);
        case Op::get_type:
            return type_name(operand(node, 0));
    }
    return {};
}

Cell Evaluator::in(const Node& node) const {
    Cell found = Cell::of(false);
    for (std::size_t i = 1; i < node.of.size(); ++i)
        found = logical_or(found, compare(Op::equal, operand(node, 0), operand(node, i)));
    return found;
}

Cell Evaluator::chosen(const Node& node) const {
    const bool simple = node.op == Op::simple_case;
    for (std::size_t i = simple ? 1 : 0; i + 1 < node.of.size(); i += 2) {
        const Cell met = simple ? compare(Op::equal, operand(node, 0), operand(node, i)) : operand(node, i);
        const Truth truth = truth_of(met);
        if (truth == Truth::fault) return met;
        if (truth == Truth::yes) return operand(node, i + 1);
    }
    return operand(node, node.of.size() - 1);
}

Cell Evaluator::first_known(const Node& node) const {
    for (std::size_t i = 0; i < node.of.size(); ++i) {
        if (operand(node, i).type != Type::null) return operand(node, i);
    }
    return {};
}

}  // namespace millrace::expression
