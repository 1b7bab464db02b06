// `millrace check`: everything that is wrong, at the place in the file that can mend it.
#pragma once

#include <iosfwd>
#include <string>

#include "bridge/config/reader.h"

namespace millrace::cli {

// Looks at the files the configuration names and at risky choices, tells what would run, and unless `offline` asks the
// server and the endpoints. Returns the exit code.
int check(const std::string& file_name, const config::Reading& reading, bool offline, std::ostream& out);

}  // namespace millrace::cli
