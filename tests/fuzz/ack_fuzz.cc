// Any bytes as the reply subject of a delivery. What is read is what stands there, told apart by another splitting, and
// a subject made from what was read is read alike.
#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "bridge/base/check.h"
#include "subjects/ack_subject.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using subjects::AckSubject;

namespace {

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> tokens(1);
    for (const char c : text) {
        if (c == '.')
            tokens.emplace_back();
        else
            tokens.back() += c;
    }
    return tokens;
}

std::uint64_t nanoseconds(const AckSubject& ack) {
    return static_cast<std::uint64_t>(ack.stored_at.time_since_epoch().count());
}

bool same(const AckSubject& a, const AckSubject& b) {
    return a.stream == b.stream && a.consumer == b.consumer && a.delivered == b.delivered &&
           a.stream_sequence == b.stream_sequence && a.consumer_sequence == b.consumer_sequence &&
           a.stored_at == b.stored_at && a.pending == b.pending;
}

std::string written(const AckSubject& ack, std::string_view domain) {
    return "$JS.ACK." + std::string(domain) + std::string(ack.stream) + "." + std::string(ack.consumer) + "." +
           std::to_string(ack.delivered) + "." + std::to_string(ack.stream_sequence) + "." +
           std::to_string(ack.consumer_sequence) + "." + std::to_string(nanoseconds(ack)) + "." +
           std::to_string(ack.pending);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto ack = subjects::parse_ack_subject(text);
    if (!ack) {
        for (const char c : ack.error().text) MILLRACE_CHECK(c >= ' ' && c <= '~', "an error is printable");
        return 0;
    }
    const auto tokens = split(text);
    MILLRACE_CHECK(text.starts_with("$JS.ACK.") && (tokens.size() == 9 || tokens.size() >= 11), "one of the two forms");
    const std::size_t at = tokens.size() == 9 ? 2 : 4;
    MILLRACE_CHECK(ack->stream == tokens[at] && ack->consumer == tokens[at + 1], "the names stand there");
    const std::uint64_t numbers[] = {ack->delivered, ack->stream_sequence, ack->consumer_sequence, nanoseconds(*ack),
                                     ack->pending};
    for (std::size_t i = 0; i < std::size(numbers); ++i) {
        std::uint64_t number = 0;
        int end = 0;
        const char* const token = tokens[at + 2 + i].c_str();
        MILLRACE_CHECK(std::sscanf(token, "%" SCNu64 "%n", &number, &end) == 1 && token[end] == '\0', "a number");
        MILLRACE_CHECK(number == numbers[i], "the numbers stand there");
    }
    for (const std::string domain : {"", "hub.ACCOUNT."}) {
        const std::string again = written(*ack, domain);
        const auto read = subjects::parse_ack_subject(again);
        MILLRACE_CHECK(read && same(*read, *ack), "what was read and written is read alike");
    }
    return 0;
}
