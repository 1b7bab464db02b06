// A configuration file from disk to settings, with every complaint printed.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "auth/policy.h"
#include "bridge/config/loader.h"

namespace millrace::cli {

// `context` is the command line's (config/nats_context.h). No value: why is said, on `err` when the file cannot be
// read, on `report` (one problem a line) when it is wrong.
std::optional<config::Reading> read_config(const std::string& path, const std::string& context, std::ostream& report,
                                           std::ostream& err);

// The same for a policy file.
std::optional<auth::Policy> read_policy(const std::string& path, std::ostream& err);

void print(const std::vector<config::Problem>& problems, std::ostream& out);

}  // namespace millrace::cli
