#include "auth/patience.h"

#include <algorithm>

namespace millrace::auth {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kPassingBase = std::chrono::milliseconds(500);
constexpr Duration kPassingCap = seconds(30);
constexpr Duration kRefusedBase = seconds(5);
constexpr Duration kRefusedCap = minutes(1);

}  // namespace

// Half of the wait is certain, so that failures in a row do get rarer; the other half keeps many clients apart.
Duration wait_after(std::uint32_t failures, bool passing, std::optional<Duration> retry_after, Random& random) {
    const Duration cap = passing ? kPassingCap : kRefusedCap;
    Duration wait = passing ? kPassingBase : kRefusedBase;
    for (std::uint32_t i = 1; i < failures && wait < cap; ++i) wait *= 2;
    wait = std::min(wait, cap);
    wait = wait / 2 + random.below(wait / 2);
    return std::max(wait, retry_after.value_or(Duration::zero()));
}

}  // namespace millrace::auth
