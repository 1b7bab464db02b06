// What the text of a configuration cannot show: whether the files it names can be read, and choices that are allowed
// and seldom meant.
//
// Opens the files named, for reading, and looks at what they are; their content is not kept. No network.
#pragma once

#include <string>
#include <vector>

#include "bridge/config/problem.h"
#include "bridge/config/reader.h"

namespace millrace::config {

// Errors for what would keep the program from starting, warnings for the rest; in the order of the file.
std::vector<Problem> inspect(const std::string& file_name, const Reading& reading);

}  // namespace millrace::config
