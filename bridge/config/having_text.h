// Conditions on an aggregate, as a person writes them, in the expression language: `trips >= 10`, `zone = 'airport' AND
// fare < 100`. Each compares a name of select with a value. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/aggregate.h"
#include "bridge/expression/expression.h"

namespace millrace::config {

struct HavingText {
    std::string name;  // of the select compared
    Condition::Op op{};
    millrace::Value literal;
};

// At least one; an aggregate has to meet all of them. A mistake has the whole text of what is wrong, with the value
// quoted.
std::expected<std::vector<HavingText>, expression::Mistake> parse_having(std::string_view text);

}  // namespace millrace::config
