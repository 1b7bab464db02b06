// The reply subject of a JetStream delivery, which carries all that is known of it (ADR-15).
//
//     $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<stored ns>.<pending>            9 tokens
//     $JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.<pending>…  11 and
//     more
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/base/time.h"

namespace millrace::subjects {

struct AckSubject {
    std::string_view stream;
    std::string_view consumer;
    std::uint64_t delivered = 0;
    std::uint64_t stream_sequence = 0;
    std::uint64_t consumer_sequence = 0;
    ServerTime stored_at{};
    std::uint64_t pending = 0;
};

// The views point into `subject`. Anything but the two forms is an error that quotes it.
Result<AckSubject> parse_ack_subject(std::string_view subject);

}  // namespace millrace::subjects
