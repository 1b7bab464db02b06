// Any text as a duration, a size, a number or a time, in the configuration and in what JetStream says. What is written
// is read alike; what both the C library and we read, we read alike.
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <string>

#include "bridge/base/check.h"
#include "bridge/codec/json_text.h"
#include "bridge/codec/timestamp.h"
#include "bridge/config/scalars.h"
#include "bridge/io/nats_wire.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

constexpr std::int64_t kFrom = 0;
constexpr std::int64_t kTo = 8'800'000'000'000'000'000;  // in 2248

void check_written(std::uint64_t number) {
    const ServerTime time(
        Duration(kFrom + static_cast<std::int64_t>(number % static_cast<std::uint64_t>(kTo - kFrom))));
    MILLRACE_CHECK(io::rfc3339(time) == codec::rfc3339(time), "both write a time alike");
    MILLRACE_CHECK(io::parse_rfc3339(io::rfc3339(time)) == time, "JetStream's reading of it");
    MILLRACE_CHECK(config::parse_time(io::rfc3339(time)) == time, "the configuration's reading of it");
    const Duration whole(std::chrono::milliseconds(number % 9'000'000'000'000));
    MILLRACE_CHECK(config::parse_duration(config::duration_text(whole)) == whole, "a duration");
    const std::uint64_t bytes = number >> 1;
    MILLRACE_CHECK(config::parse_size(config::size_text(bytes)) == bytes, "a size");
    MILLRACE_CHECK(config::parse_whole(std::to_string(number)) == number, "a whole number");
}

// 2026-01-02T03:04:05Z, without a fraction.
void check_time(const std::string& text) {
    const auto configured = config::parse_time(text);
    const auto told = io::parse_rfc3339(text);
    if (configured && told) MILLRACE_CHECK(*configured == *told, "two readings of one time");
    if (configured && *configured < ServerTime(Duration(kTo)) && *configured >= ServerTime{})
        MILLRACE_CHECK(told, "JetStream may write what the configuration may");
    std::tm parts{};
    const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == nullptr || end != text.c_str() + text.size()) return;
    if (configured) MILLRACE_CHECK(configured->time_since_epoch() == std::chrono::seconds(timegm(&parts)), "the time");
}

void check_numbers(const std::string& text) {
    if (const auto number = config::parse_number(text)) {
        MILLRACE_CHECK(codec::is_number(text), "a number as JSON writes it");
        char* end = nullptr;
        MILLRACE_CHECK(std::strtod(text.c_str(), &end) == *number && *end == '\0', "the number");
        MILLRACE_CHECK(std::isfinite(*number), "a number is finite");
        MILLRACE_CHECK(config::parse_number(config::number_text(*number)) == number, "a number written is read alike");
    }
    if (const auto whole = config::parse_whole(text))
        MILLRACE_CHECK(std::to_string(*whole) == text, "one way to write it");
    if (const auto wait = config::parse_duration(text)) {
        MILLRACE_CHECK(*wait >= Duration::zero(), "a duration is not negative");
        MILLRACE_CHECK(config::parse_duration(config::duration_text(*wait)) == *wait,
                       "a duration written is read alike");
    }
    if (const auto bytes = config::parse_size(text))
        MILLRACE_CHECK(config::parse_size(config::size_text(*bytes)) == *bytes, "a size written is read alike");
    (void)config::is_typed(text);
    (void)config::is_old_boolean(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Tape tape(bytes, size);
    check_written(tape.number());
    const std::string text(tape.rest());
    check_time(text);
    check_numbers(text);
    return 0;
}
