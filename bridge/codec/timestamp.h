// Times as text and numbers: what a publisher writes → ServerTime, and ServerTime → RFC 3339. Pure, and exact to the
// nanosecond: nothing goes through a floating-point number.
//
// Read are the years 1678 to 2261, which is what ServerTime can hold with room to reckon. Error texts say what is wrong
// with the value and do not repeat it.
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/base/time.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

// A raw JSON value, trimmed. iso8601: a string, as parse_iso8601 reads it. Any other unit: a number of units since
// 1970, with or without decimals and exponent; what is finer than a nanosecond is cut off downwards. A number in a
// string is refused, and so is anything else.
Result<ServerTime> parse_timestamp(std::string_view raw, settings::TimeUnit unit);

// 2026-01-02T03:04:05Z, 2026-01-02T03:04:05.678901234+01:00: up to nine decimals, and never without Z or an offset.
Result<ServerTime> parse_iso8601(std::string_view text);

std::string rfc3339(ServerTime time);        // 2024-05-01T12:34:56.123456789Z, always nine decimals
std::string rfc3339_brief(ServerTime time);  // the same without zeros at the end: 2024-05-01T12:34:56Z

}  // namespace millrace::codec
