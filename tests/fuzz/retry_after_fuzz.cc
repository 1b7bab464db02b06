// Any text as Retry-After and Date. A time the C library writes in one of the three forms of RFC 9110 is read as that
// time, and what both read they read alike.
#include <ctime>
#include <string>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/protocols/retry_after.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using std::chrono::sys_seconds;

namespace {

constexpr const char* kForms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
constexpr std::time_t kEnd = 253402300800;  // year 10000
constexpr std::time_t kNear = 1'700'000'000;

sys_seconds at(std::time_t time) { return sys_seconds(std::chrono::seconds(time)); }

// With two digits the year is one of the hundred around `near`.
bool century_is_kept(std::time_t time) { return time > kNear - 49 * 31556952LL && time < kNear + 49 * 31556952LL; }

void check_written(std::time_t time) {
    std::tm parts{};
    gmtime_r(&time, &parts);
    for (const char* form : kForms) {
        if (form == kForms[1] && !century_is_kept(time)) continue;
        char text[64];
        const std::size_t size = std::strftime(text, sizeof text, form, &parts);
        MILLRACE_CHECK(protocols::parse_http_date({text, size}, at(kNear)) == at(time), "a date written is read alike");
    }
}

void check_read(const std::string& text) {
    const auto read = protocols::parse_http_date(text, at(kNear));
    if (!read) return;
    for (const char* form : {kForms[0], kForms[2]}) {
        std::tm parts{};
        const char* const end = strptime(text.c_str(), form, &parts);
        // To %Y, a year of two digits is one of the first century.
        if (end == nullptr || end != text.c_str() + text.size() || parts.tm_year + 1900 < 1000) continue;
        MILLRACE_CHECK(at(timegm(&parts)) == *read, "the C library reads the same time");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Tape tape(bytes, size);
    check_written(static_cast<std::time_t>(tape.number() % static_cast<std::uint64_t>(kEnd)));
    const std::string later(tape.line());
    const std::string date(tape.line());
    const std::string milliseconds(tape.line());
    check_read(later);
    check_read(date);
    const std::vector<Header> headers = {{"retry-after", later}, {"date", date}, {"retry-after-ms", milliseconds}};
    const auto received = ServerTime(std::chrono::seconds(kNear));
    const auto wait = protocols::retry_after(headers, received);
    MILLRACE_CHECK(!wait || (*wait >= Duration::zero() && *wait <= protocols::kMaxRetryAfter), "a wait is clamped");
    const bool digits = !later.empty() && later.find_first_not_of("0123456789") == later.npos;
    if (digits && later.size() < 4 && milliseconds.empty()) {
        const auto asked = std::min<Duration>(std::chrono::seconds(std::stoi(later)), protocols::kMaxRetryAfter);
        MILLRACE_CHECK(wait == asked, "seconds are seconds");
    }
    return 0;
}
