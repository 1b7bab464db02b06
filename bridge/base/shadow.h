// What comes of the batches copied to a shadow endpoint, as values: shared by the engine, which decides, and those who
// ask, compare and count.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bridge/base/event.h"

namespace millrace {

enum class ShadowCount {
    compared,  // batches: answered with a score for each event
    failed,    // batches: not answered so
    skipped,   // batches: not copied, because there was no room or the shadow had just failed
    same,      // events, of batches that were compared
    different,
    stored,  // differences that a stream has taken
    lost,    // differences that none has, or that there was no room for
};
inline constexpr std::size_t kShadowCounts = static_cast<std::size_t>(ShadowCount::lost) + 1;

// One event whose scores differ, as a message to be stored.
struct Difference {
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
};

}  // namespace millrace
