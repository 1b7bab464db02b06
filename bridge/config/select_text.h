// What an aggregate computes, as a person writes it: `avg(score)`, `percentile_cont(0.95, /trip/distance)`. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "bridge/base/aggregate.h"

namespace millrace::config {

// Without its name. The error is the whole text of what is wrong, with the value quoted.
std::expected<Select, std::string> parse_select(std::string_view text);

// `score`, `score.fare` and `score/a/b` are of the score, anything else of the event. The error as above.
std::expected<Operand, std::string> parse_operand(std::string_view text);

}  // namespace millrace::config
