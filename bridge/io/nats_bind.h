// What `bind` finds out on the server, as one blocking walk: the input stream, the partition's consumer (made when it
// is missing, never changed, never deleted), the output streams and their limits.
//
// Safe to repeat. Creates no stream. Where the server does not tell its clock (before 2.10), the time of creation of a
// short-lived consumer on the result stream is that clock.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/io/nats_admin.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

struct OutputStream {
    std::string name;
    std::string filter;      // what the pipeline publishes there, every tenant
    std::uint64_t room = 0;  // bytes a message may have, headers included
    bool keeps_all = true;   // retention: limits
};
using OutputStreams = std::array<OutputStream, kOutputs>;

struct BoundWithStreams {
    Bound bound;
    OutputStreams outputs;
};

Result<BoundWithStreams> bind_partition(const NatsAdmin& admin, const settings::Pipeline& pipeline, Partition partition,
                                        std::uint64_t server_max_payload);

// Why this consumer cannot serve the partition; empty when it can. Pure.
std::string unfit_because(const ConsumerFound& consumer, const StreamFound& stream, const std::string& filter);
// Whether the stream ends before what the consumer has delivered: its leader, just elected, has not caught up with its
// own log yet (servers before 2.11 answer all the same), or the stream has lost messages. Pure. Requires: the stream
// was read after the consumer.
bool is_behind(const StreamFound& stream, const ConsumerFound& consumer);
// The filter of a partition's consumer.
Result<std::string> input_filter(const settings::Pipeline& pipeline, Partition partition);

}  // namespace millrace::io
