#include "tests/sim/trace.h"

#include <cstdio>
#include <utility>

namespace millrace::sim {

void Trace::line(std::string_view who, std::string_view what) {
    const double seconds = std::chrono::duration<double>(scheduler_.now().time_since_epoch()).count();
    char stamp[32];
    std::snprintf(stamp, sizeof stamp, "%13.6f ", seconds);
    std::string text = stamp;
    text.append(who).append(": ").append(what);
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
    if (print_) std::printf("%s\n", text.c_str());
    last_.push_back(std::move(text));
    if (last_.size() > kKept) last_.pop_front();
}

void Trace::fault(std::string_view kind, std::string_view detail) {
    const auto found = faults_.find(kind);
    if (found == faults_.end()) {
        faults_.emplace(kind, 1);
    } else {
        ++found->second;
    }
    line("fault", std::string(kind).append(detail.empty() ? "" : " ").append(detail));
}

}  // namespace millrace::sim
