// `millrace try`: what would become of one event, without touching a stream. Reads the event, prints the request, asks
// the endpoint for real, and prints what would be published; without an endpoint, what the event would come to if it
// were alone in its windows.
#pragma once

#include <iosfwd>
#include <string>

#include "bridge/settings/settings.h"

namespace millrace::app {

struct TryOptions {
    std::string pipeline;  // empty: the only one
    std::string tenant = "tenant";
    bool offline = false;  // stop before asking the endpoint
};

// Exit code: 0 the event is scored (or, offline, would be sent) or aggregated, 1 it is a dead letter or the endpoint
// did not score it, 2 the options do not fit the settings.
int try_event(const settings::Settings& settings, const TryOptions& options, std::istream& in, std::ostream& out);

}  // namespace millrace::app
