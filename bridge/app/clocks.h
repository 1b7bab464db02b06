// The two clocks of the process, read here and by adapters only; everything below is told the time.
#pragma once

#include <time.h>

#include <chrono>

#include "bridge/base/time.h"

namespace millrace::app {

// Never steps back, and counts suspended time.
inline Time boot_now() {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return Time(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

inline ServerTime wall_now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

}  // namespace millrace::app
