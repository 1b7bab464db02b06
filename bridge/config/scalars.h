// Texts with a meaning: durations, sizes, numbers, times. Pure. An error is the rule that was broken, with its hint, to
// be put behind the quoted value: "has no unit (write 5s)".
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "bridge/base/time.h"

namespace millrace::config {

template <typename T>
using Parsed = std::expected<T, std::string>;

Parsed<Duration> parse_duration(std::string_view text);    // 250ms 5s 1m 168h, and 0
Parsed<std::uint64_t> parse_size(std::string_view text);   // 1048576 64KiB 64MiB 1GiB
Parsed<std::uint64_t> parse_whole(std::string_view text);  // 0 or digits without a leading zero
Parsed<double> parse_number(std::string_view text);        // as JSON writes numbers
Parsed<ServerTime> parse_time(std::string_view text);      // 2026-01-02T03:04:05Z, fractions and offsets allowed

// In the form the parsers read, with the largest unit that divides it.
std::string duration_text(Duration duration);
std::string size_text(std::uint64_t bytes);
std::string number_text(double number);

std::string lower(std::string_view text);  // of ASCII
// Whether a plain scalar is a number, a boolean or null to some reader of YAML, so that it is no text without quotes:
// 1, 0x1F, 1_000, .inf, True. `yes`, `no`, `on` and `off` count only for the old ones.
bool is_typed(std::string_view plain);
bool is_old_boolean(std::string_view plain);

}  // namespace millrace::config
