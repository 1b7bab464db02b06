// `millrace trace`: from a result, dead letter or copy back to its event and to the request that settled it.
//
// A result is named by its place (STREAM:SEQUENCE), by its subject, of which the last message is meant, or by its
// identity (Nats-Msg-Id), for which the pipelines' streams are read from their beginning.
#pragma once

#include <iosfwd>
#include <string>

#include "bridge/settings/settings.h"

namespace millrace::app {

struct TraceOptions {
    std::string result;
    bool json = false;
};

// Blocks. Exit code: 0 the event and what is known of its request are shown, 1 something of the way is gone or cannot
// be read, which `err` explains, 2 the text names no message.
int trace(const settings::Settings& settings, const TraceOptions& options, std::ostream& out, std::ostream& err);

}  // namespace millrace::app
