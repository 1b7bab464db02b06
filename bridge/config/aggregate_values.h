// The values of an aggregate's own fields. Private to value_reader.
#pragma once

#include <string>

#include "bridge/config/field.h"
#include "bridge/config/value.h"

namespace millrace::config {

void read_shape(const Value& value, const WindowChoice& shape);
void read_shape(const Value& value, const SelectMap& shape);
void read_shape(const Value& value, const HavingList& shape);

// Of a window, for the JSON Schema: raw JSON.
std::string window_schema();

}  // namespace millrace::config
