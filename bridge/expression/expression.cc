#include "bridge/expression/expression.h"

#include <algorithm>
#include <utility>

#include "bridge/expression/parser.h"

namespace millrace::expression {

std::expected<Expression, Mistake> Expression::parse(std::string_view text) {
    auto nodes = parse_nodes(text);
    if (!nodes) return std::unexpected(std::move(nodes.error()));
    Expression made;
    made.nodes_ = *std::move(nodes);
    std::uint32_t casts = 0;
    for (Node& node : made.nodes_) {
        if (node.op == Op::cast || node.op == Op::try_cast) node.slot = casts++;
        if (node.op != Op::field) continue;
        const auto known = std::ranges::find(made.fields_, node.path);
        node.slot = static_cast<std::uint32_t>(known - made.fields_.begin());
        if (known == made.fields_.end()) made.fields_.push_back(node.path);
    }
    return made;
}

bool Expression::may_be_condition() const { return expression::may_be_condition(nodes_, nodes_.size() - 1); }

}  // namespace millrace::expression
