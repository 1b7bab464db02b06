// How a configuration names a field of an event: by its name, or by a JSON Pointer when it begins with '/'. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::settings {

// The keys on the way to the field: one for a name, those of an RFC 6901 pointer otherwise.
std::vector<std::string> field_path(std::string_view field);
// The last of them: what the field is called in a record, a result, an aggregate, or as a column.
std::string key_of(std::string_view field);

}  // namespace millrace::settings
