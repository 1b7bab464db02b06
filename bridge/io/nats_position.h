// What `look` and `position` find out on the server for the owner of a partition, each as one blocking walk.
//
// A look makes nothing and may be repeated. A position makes a consumer, which belongs to it alone, and deletes those
// of the partition's earlier positions; the input stream keeps everything, so that this loses nothing (SEMANTICS B4,
// C1).
#pragma once

#include <cstdint>
#include <string>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/io/nats_bind.h"

namespace millrace::io {

Result<BoundWithStreams> look_at_partition(const NatsAdmin& admin, const settings::Pipeline& pipeline, const Look& look,
                                           std::uint64_t server_max_payload);
// `conflict`: there is a consumer of the position's name already.
Result<BoundWithStreams> position_partition(const NatsAdmin& admin, const settings::Pipeline& pipeline,
                                            const Position& position, std::uint64_t server_max_payload);

// Why owned partitions cannot read from this stream; empty when they can. Pure.
std::string unfit_for_owners(const StreamFound& stream);

}  // namespace millrace::io
