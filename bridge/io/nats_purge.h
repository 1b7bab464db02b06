// Removing what a stream holds of a subject below a sequence, and nothing else. Private to bridge/io.
//
// nats-server before 2.9.19 does more than STREAM.PURGE asked for where a stream has replicas: a member that was killed
// reads its log again, and at a purge removes all that the stream held then, of every subject and above the sequence
// too (jetstream_cluster.go, purgeStreamOp while recovering). Once it leads, acked messages are gone. Servers before
// 2.10 are known by what they leave out of STREAM.INFO; there each message is removed by its own sequence, with
// replicas and without, as a stream may be given more of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/io/nats_admin.h"

namespace millrace::io {

// Whether a purge with a subject and a sequence leaves everything else alone, whatever becomes of the server.
bool purges_no_more_than_asked(const StreamFound& stream);

// The body of STREAM.PURGE: what matches `filter` and has a smaller sequence. Pure.
std::string purge_body(std::string_view filter, std::uint64_t below);

// The same message by message: two requests each, until nothing is left, or `stopped` says so: false. Blocks.
Result<bool> delete_below(const NatsAdmin& admin, const std::string& stream, std::string_view filter,
                          std::uint64_t below, const std::function<bool()>& stopped);

}  // namespace millrace::io
