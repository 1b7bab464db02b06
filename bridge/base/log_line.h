// One line of the log, and whether it is written: the parts that ask no clock and write nowhere.
//
// Whatever stands in a value, it cannot begin a line, end a string, move a cursor or turn the text around: controls and
// invisible characters are written as \uXXXX, bytes that are no UTF-8 as \ufffd. A value is cut at 2,000 bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bridge/base/note.h"
#include "bridge/base/time.h"

namespace millrace::logging {

enum class Form { json, text };

struct Line {
    std::chrono::sys_time<std::chrono::milliseconds> at{};
    Level level = Level::info;
    std::string_view event{};
    std::string_view text{};
    std::string_view pipeline{};
    std::uint64_t left_out = 0;  // lines of this event and pipeline not written since the last one that was
};

// One line, without its line end.
std::string format(const Line& line, Form form);

// Decides which lines are written. Remembers at most 1,000 pairs of event and pipeline; beyond that it starts afresh.
class Limiter {
  public:
    // How many were left out before this line, or nothing when this one is left out, too.
    std::optional<std::uint64_t> admit(std::string_view event, std::string_view pipeline, Time now);

  private:
    struct Window {
        Time begin{};
        std::uint32_t written = 0;
        std::uint64_t left_out = 0;
    };
    std::map<std::pair<std::string, std::string>, Window> windows_;
};

}  // namespace millrace::logging
