// Text → nodes, by recursive descent with one level of the grammar a function. Pure.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "bridge/expression/expression.h"

namespace millrace::expression {

// In postfix order; the last one is the whole. Slots are not set.
std::expected<std::vector<Node>, Mistake> parse_nodes(std::string_view text);

// Whether some fields make a part of an expression true or false.
bool may_be_condition(const std::vector<Node>& nodes, std::size_t index);

}  // namespace millrace::expression
