// How long the endpoint asks us to wait: `retry-after-ms`, `x-ms-retry-after-ms` (milliseconds) or `retry-after` (whole
// seconds, or an HTTP date).
//
// A date is read against the response's own Date, so that two clocks that disagree do no harm; without one, against the
// time it was received. What is unreadable or lies in the past is as if it were not there; a long wait is cut to five
// minutes. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/base/time.h"

namespace millrace::protocols {

inline constexpr Duration kMaxRetryAfter = std::chrono::minutes(5);

std::optional<Duration> retry_after(std::span<const Header> headers, ServerTime received_at);

// An HTTP date (RFC 9110, 5.6.7) in any of its three forms. `near` tells the century of one with a two-digit year.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text, std::chrono::sys_seconds near);

}  // namespace millrace::protocols
