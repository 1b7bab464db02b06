// Times as text, for what the simulator writes and reads itself.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "bridge/base/time.h"

namespace millrace::sim {

inline std::string rfc3339_of(ServerTime time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss<nanoseconds> clock(time - day);
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09lldZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<long long>(clock.subseconds().count()));
    return text;
}

inline std::optional<ServerTime> time_in(const std::string& text) {
    using namespace std::chrono;
    int y = 0, h = 0, m = 0, s = 0, read = 0;
    unsigned mo = 0, d = 0;
    if (std::sscanf(text.c_str(), "%d-%u-%uT%d:%d:%d%n", &y, &mo, &d, &h, &m, &s, &read) != 6) return std::nullopt;
    std::string digits;
    auto at = static_cast<std::size_t>(read);
    if (at < text.size() && text[at] == '.') {
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) digits += text[at];
    }
    digits.resize(9, '0');
    const sys_days day = year(y) / month(mo) / d;
    return ServerTime(day) + hours(h) + minutes(m) + seconds(s) + nanoseconds(std::stoll(digits));
}

}  // namespace millrace::sim
