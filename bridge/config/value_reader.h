// One value of the document → one member of the settings, as the field's shape says.
#pragma once

#include <string>

#include "bridge/config/document.h"
#include "bridge/config/field.h"
#include "bridge/config/problem.h"

namespace millrace::config {

// Requires: the field is no section. `path` is the concrete one, pipelines[0].endpoint.url.
void read_value(const Field& field, const Node& node, const std::string& path, Target& target, Problems& problems);

}  // namespace millrace::config
