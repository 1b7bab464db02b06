// `millrace run`: builds every part, runs one thread per shard, and ends with the last of them.
//
// The only place, with bridge/cli, that knows all parts. Returns the exit code: 0 after a drain, 2 when nothing could
// be started (every reason is printed). SIGTERM and SIGINT drain within settings.drain_timeout; a second one leaves at
// once with 128 + its number, which is safe like any crash.
#pragma once

#include "bridge/settings/settings.h"

namespace millrace::app {

int run(const settings::Settings& settings);

}  // namespace millrace::app
