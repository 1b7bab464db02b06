// A YAML value → the JSON text it stands for.
//
// Numbers are kept digit by digit; `true`, `false` and `null` are what they say; a plain scalar that is a number or a
// boolean to some readers of YAML and not to others (0x1F, True, yes) is refused until it is put in quotes.
#pragma once

#include <optional>
#include <string>

#include "bridge/config/document.h"
#include "bridge/config/problem.h"

namespace millrace::config {

// No value when something in it was refused; `path` is the node's, for what is said about it.
std::optional<std::string> json_text(const Node& node, const std::string& path, Problems& problems);

}  // namespace millrace::config
