// What `bind` finds out on the server, as one blocking walk: the input stream, the partition's consumer (made when it
// is missing, never changed, never deleted), the output streams and their limits.
//
// Safe to repeat. Creates no stream. Where the server does not tell its clock (before 2.10), the time of creation of a
// short-lived consumer on an output stream is that clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_outputs.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

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

// What nats_position does alike.
Result<StreamFound> input_stream(const NatsAdmin& admin, const settings::Pipeline& pipeline);
void fill_input(Bound& bound, const StreamFound& stream);
void fill_consumer(Bound& bound, const ConsumerFound& consumer);
void fill_outputs(Bound& bound, const OutputStreams& outputs, const std::vector<StreamFound>& found,
                  std::uint64_t server_max_payload);

}  // namespace millrace::io
