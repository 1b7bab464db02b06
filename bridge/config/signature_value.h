// A signature in the configuration: `endpoint`, `none`, {file: MLmodel}, or {inputs: {NAME: TYPE}, outputs: {NAME:
// TYPE}}.
#pragma once

#include <string>

#include "bridge/config/field.h"
#include "bridge/config/loader.h"
#include "bridge/config/problem.h"
#include "bridge/config/value.h"

namespace millrace::config {

void read_shape(const Value& value, const SignatureChoice& shape);

// For the JSON Schema: raw JSON.
std::string signature_schema();

// Reads the MLmodel files that the pipelines name, each into its `given`.
void read_model_files(Reading& reading, Problems& problems);

}  // namespace millrace::config
