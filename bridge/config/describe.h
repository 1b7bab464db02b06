// A field in words, for the reference page and for people who ask what may stand there.
#pragma once

#include <string>

#include "bridge/config/field.h"

namespace millrace::config {

// What may stand in the field: "whole number, 1 to 10000 events", "duration, 1s to 1h", "one of arrays, records".
std::string describe(const Field& field);

}  // namespace millrace::config
