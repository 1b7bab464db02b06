// A configuration file → settings, or every mistake in it.
//
// Pure: reads the text it is given and opens nothing. Thread: any. Bounds: 1 MiB of text, 32 levels, Problems::kMost
// mistakes. Whether the files that it names exist is asked by files.h.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/config/problem.h"
#include "bridge/config/reader.h"
#include "bridge/settings/settings.h"

namespace millrace::config {

// `file_name` stands in front of each problem and is not opened. The problems are in the order of the file.
std::expected<settings::Settings, std::vector<Problem>> load(const std::string& file_name, std::string_view yaml);
// The same, with the places of the fields for who has more to say about them.
std::expected<Reading, std::vector<Problem>> load_with_places(const std::string& file_name, std::string_view yaml);

}  // namespace millrace::config
