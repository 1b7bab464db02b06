// NaN and Infinity, which servers write and JSON does not have. Pure.
#pragma once

#include <string>
#include <string_view>

#include "bridge/settings/settings.h"

namespace millrace::protocols {

// The JSON value that stands for `text`, with null or a string in the place of each NaN and Infinity. Requires: a
// JsonReader that accepts these has read it, and `policy` is not `error`.
std::string finite(std::string_view text, settings::NonFinite policy);

}  // namespace millrace::protocols
