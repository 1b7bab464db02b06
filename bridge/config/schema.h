// The field table as a JSON Schema (draft-07), for editors and for checks before a file reaches the server.
//
// It knows types, names, bounds and defaults. Not here: the rules that join fields, and what a text means (subjects,
// URLs); `millrace check --offline` knows those.
#pragma once

#include <string>

namespace millrace::config {

// docs/millrace.schema.json, word for word; a test compares.
std::string json_schema();

}  // namespace millrace::config
