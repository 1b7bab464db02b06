// Time as the program sees it.
//
// `Time` is a reading of a clock that never steps back and that counts the time the machine was suspended
// (CLOCK_BOOTTIME). The engine is told it as an argument and asks no clock; only adapters read one. A clock that
// stood still while the process was suspended would let a stale delivery look fresh (see engine/ledger.h).
//
// `ServerTime` is a time stamp made by the NATS server: when JetStream stored a message. The two are never compared.
#pragma once

#include <chrono>
#include <cstdint>

namespace millrace {

using Duration = std::chrono::nanoseconds;

struct BootClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};

using Time = BootClock::time_point;
using ServerTime = std::chrono::sys_time<Duration>;

inline constexpr Time kNever = Time::max();

}  // namespace millrace
