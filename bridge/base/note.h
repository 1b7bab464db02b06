// Note: one line about the program's life, for the log. One per change, never one per message; its text never holds a
// payload or a token.
#pragma once

#include <string>

namespace millrace {

enum class Level { info, warning, error };

struct Note {
    Level level = Level::info;
    std::string event;  // a stable name: held, resumed, halted, bound, bind_failed, disconnected, …
    std::string text;   // for a person
};

}  // namespace millrace
