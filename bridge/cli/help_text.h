// What `millrace --help` teaches.
#pragma once

#include <string>

namespace millrace::cli {

std::string description();
// After the list of commands: a configuration to begin with, the first steps, the exit codes.
std::string footer();

}  // namespace millrace::cli
