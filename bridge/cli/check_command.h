// `millrace check`, as far as it needs no network.
#pragma once

#include <iosfwd>
#include <string>

#include "bridge/config/reader.h"

namespace millrace::cli {

// Looks at the files the configuration names and at risky choices, and tells what would run. Returns the exit code.
int check_offline(const std::string& file_name, const config::Reading& reading, std::ostream& out);

}  // namespace millrace::cli
