// The log: one line on stderr per event of the program's life, never per message. JSON when stderr is no terminal, text
// for a person when it is one. The only place that knows the logging library.
//
//     {"ts":"2026-03-01T12:00:00.000Z","level":"warning","event":"held","pipeline":"trip-fares","text":"…"}
//
// Thread: any. Blocks while stderr does.
// Bound: of one (event, pipeline) at most 10 lines in 10 seconds; the next one after that says how many were left out.
// Values are escaped and cut (base/log_line.h): what somebody else wrote cannot forge a line.
// Does not: hide secrets. Whoever writes a text keeps payloads and tokens out of it.
#pragma once

#include <string_view>

#include "bridge/base/note.h"

namespace millrace {

// `event` is a stable name from our own code; an empty pipeline means the whole program.
void log(Level level, std::string_view event, std::string_view text, std::string_view pipeline = {});

}  // namespace millrace
