// A condition on an aggregate, as a person writes it: `trips >= 10`, `zone = "airport"`. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "bridge/base/aggregate.h"

namespace millrace::config {

struct HavingText {
    std::string_view name;  // of the select compared; inside the text
    Condition::Op op{};
    millrace::Value literal;
};

// The error is the whole text of what is wrong, with the value quoted.
std::expected<HavingText, std::string> parse_having(std::string_view text);

}  // namespace millrace::config
