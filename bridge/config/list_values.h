// Reading the shapes that are lists and maps: names and texts, features, where events go that are not
// selected, what a result includes.
#pragma once

#include "bridge/config/field.h"
#include "bridge/config/value.h"

namespace millrace::config {

void read_shape(const Value& value, const TextList& shape);
void read_shape(const Value& value, const TextMap& shape);
void read_shape(const Value& value, const FeatureList& shape);
void read_shape(const Value& value, const BypassChoice& shape);
void read_shape(const Value& value, const IncludeChoice& shape);

}  // namespace millrace::config
