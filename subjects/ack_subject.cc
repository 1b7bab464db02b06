#include "subjects/ack_subject.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "subjects/headers.h"

namespace millrace::subjects {

namespace {

constexpr std::size_t kShortForm = 9;
constexpr std::size_t kLongForm = 11;

std::unexpected<Error> refused(std::string_view subject, std::string_view rule) {
    return fail(ErrorCode::invalid, "ack subject \"" + printable(subject, 300) + "\" " + std::string(rule));
}

// Digits only, nothing else, no overflow.
bool read_number(std::string_view token, std::uint64_t& number) {
    const auto* end = token.data() + token.size();
    const auto [stop, error] = std::from_chars(token.data(), end, number);
    return error == std::errc{} && stop == end;
}

// An ack is published to this subject: whatever is no plain subject must not get as far as the client library.
constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (int c = ' ' + 1; c < 0x7f; ++c) plain[static_cast<std::size_t>(c)] = c != '*' && c != '>';
    return plain;
}();

// One look at each character: this is done for every message.
struct Tokens {
    explicit Tokens(std::string_view subject) {
        std::size_t begin = 0;
        for (std::size_t at = 0; at < subject.size(); ++at) {
            plain &= kPlain[static_cast<unsigned char>(subject[at])];
            if (subject[at] != '.') continue;
            add(subject.substr(begin, at - begin));
            begin = at + 1;
        }
        add(subject.substr(begin));
    }
    void add(std::string_view token) {
        if (count < tokens.size()) tokens[count] = token;
        ++count;
    }

    std::array<std::string_view, kLongForm> tokens;  // the first
    std::size_t count = 0;
    bool plain = true;
};

// `token` begins at the stream's name.
bool read_fields(const std::string_view* token, AckSubject& ack) {
    std::uint64_t stored_ns = 0;
    ack.stream = token[0];
    ack.consumer = token[1];
    const bool numbers = read_number(token[2], ack.delivered) && read_number(token[3], ack.stream_sequence) &&
                         read_number(token[4], ack.consumer_sequence) && read_number(token[5], stored_ns) &&
                         read_number(token[6], ack.pending);
    if (!numbers || stored_ns > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
    ack.stored_at = ServerTime(Duration(static_cast<std::int64_t>(stored_ns)));
    return !ack.stream.empty() && !ack.consumer.empty() && ack.delivered > 0 && ack.stream_sequence > 0 &&
           ack.consumer_sequence > 0;
}

}  // namespace

Result<AckSubject> parse_ack_subject(std::string_view subject) {
    const auto [token, count, plain] = Tokens(subject);
    if (token[0] != "$JS" || token[1] != "ACK") return refused(subject, "does not begin with $JS.ACK");
    if (count != kShortForm && count < kLongForm) return refused(subject, "has neither 9 nor at least 11 tokens");
    if (!plain) return refused(subject, "has a space, a control character or a wildcard");
    AckSubject ack;
    if (!read_fields(token.data() + (count == kShortForm ? 2 : 4), ack)) {
        return refused(subject, "needs a stream, a consumer and five numbers that JetStream can give");
    }
    return ack;
}

}  // namespace millrace::subjects
