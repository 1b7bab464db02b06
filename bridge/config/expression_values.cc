#include "bridge/config/expression_values.h"

#include <utility>

#include "bridge/expression/expression.h"

namespace millrace::config {

std::optional<std::string> read_expression(const Value& value, const Node& node, const std::string& where,
                                           bool condition, std::string_view hint) {
    if (node.kind == Node::Kind::list || node.kind == Node::Kind::map) {
        value.refuse(node, where, "is a list or a map to YAML, but must be an expression (put it in quotes)");
        return std::nullopt;
    }
    const std::string* const text = value.text(node, where, nullptr);
    if (text == nullptr) return std::nullopt;
    const auto parsed = expression::Expression::parse(*text);
    if (!parsed) {
        std::string said = quote(*text) + " is no expression: " + parsed.error().text;
        if (!hint.empty()) said += " (" + std::string(hint) + ")";
        value.problems.add(place_in(node, parsed.error().at), where, std::move(said));
        return std::nullopt;
    }
    if (!condition || parsed->may_be_condition()) return parsed->text();
    value.refuse(node, where, quote(*text) + " is a value and no condition (compare it: passenger > 0)");
    return std::nullopt;
}

void read_shape(const Value& value, const ExpressionText& shape) {
    if (auto text = read_expression(value, value.node, value.path, shape.condition))
        shape.at(value.target) = *std::move(text);
}

}  // namespace millrace::config
