// Expressions in the configuration, and what is told of their mistakes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridge/config/field.h"
#include "bridge/config/value.h"

namespace millrace::config {

void read_shape(const Value& value, const ExpressionText& shape);

// The canonical text of the expression in `node`, or nothing after a complaint at the place of the mistake, with `hint`
// behind it.
std::optional<std::string> read_expression(const Value& value, const Node& node, const std::string& where,
                                           bool condition, std::string_view hint = {});

}  // namespace millrace::config
