// What is asked of the bytes of a configuration file before YAML sees them.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/config/document.h"
#include "bridge/config/problem.h"

namespace millrace::config {

// What a file holds, up to one byte more than it may: that is enough to know. A megabyte is not set aside for the usual
// few hundred bytes, since the allocator would keep it.
std::string read_source(std::istream& file);

// Adds a problem for the first byte of each kind that is not allowed: size, NUL and control characters, invalid UTF-8,
// a tab used as indentation. True when there was none.
bool check_source(std::string_view text, Problems& problems);

// Where the text of a scalar stands in `source`, which begins with the scalar at `place`: several stretches where YAML
// joins lines or unescapes. What lies behind something that was written in another way (\n, \x41) is not told.
std::vector<Stretch> stretches(std::string_view source, std::string_view text, Place place, bool in_quotes);

}  // namespace millrace::config
