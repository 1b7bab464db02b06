// What is asked of the bytes of a configuration file before YAML sees them.
#pragma once

#include <string_view>

#include "bridge/config/problem.h"

namespace millrace::config {

// Adds a problem for the first byte of each kind that is not allowed: size, NUL and control characters, invalid UTF-8,
// a tab used as indentation. True when there was none.
bool check_source(std::string_view text, Problems& problems);

}  // namespace millrace::config
