#include "bridge/engine/summary.h"

#include <algorithm>
#include <charconv>
#include <compare>
#include <optional>
#include <string_view>

#include "bridge/base/header.h"

namespace millrace::engine {

namespace {

constexpr std::string_view kEndShape = "2024-05-01T12:34:56.123456789Z";

struct Age {
    std::uint64_t generation = 0;
    std::string_view window_end;
    auto operator<=>(const Age&) const = default;
};

bool is_time(std::string_view text) {
    return std::ranges::equal(text, kEndShape, [](char c, char shape) {
        return shape >= '0' && shape <= '9' ? c >= '0' && c <= '9' : c == shape;
    });
}

std::optional<Age> age_of(const std::vector<Header>& headers) {
    Age age;
    const auto number = header_or_empty(headers, "Millrace-Generation");
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), age.generation);
    age.window_end = header_or_empty(headers, "Millrace-Window-End");
    if (error != std::errc() || stop != number.data() + number.size() || !is_time(age.window_end)) return {};
    return age;
}

}  // namespace

bool is_superseded(const state::OutboxEntry& entry, const std::vector<Header>& stored) {
    return age_of(stored) >= age_of(entry.headers);
}

}  // namespace millrace::engine
