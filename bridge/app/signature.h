// `millrace signature`: what the endpoint takes and gives, for people and as the block that goes into a configuration;
// and how it goes with the features that are configured, at each address of the endpoint and at its shadow.
#pragma once

#include <iosfwd>
#include <string>

#include "bridge/settings/settings.h"

namespace millrace::app {

// Exit code: 0 a signature was found, the same at every address that tells, and the features fit; 1 not; 2 the options
// do not fit the settings.
int print_signature(const settings::Settings& settings, const std::string& pipeline, std::ostream& out);

}  // namespace millrace::app
