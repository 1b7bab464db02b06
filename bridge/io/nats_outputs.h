// The streams behind a pipeline's outputs: found by what they store, never created, and fit or refused. Private to
// bridge/io but for what is fit, which check asks too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/io/nats_admin.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

struct OutputStream {
    std::string name;        // empty where the pipeline has no such output
    std::string filter;      // what the pipeline publishes there, every tenant
    std::uint64_t room = 0;  // bytes a message may have, headers included
    bool keeps_all = true;   // retention: limits
    bool may_purge = true;   // nats_purge.h
};
using OutputStreams = std::vector<OutputStream>;  // by Output

struct OutputsFound {
    OutputStreams streams;
    std::vector<StreamFound> found;  // by Output
};

// Blocks, for two requests an output.
Result<OutputsFound> find_outputs(const NatsAdmin& admin, const settings::Pipeline& pipeline,
                                  std::uint64_t server_max_payload);

// Why a stream would lose state that a partition still needs; empty when it would not. Pure.
std::string unfit_for_state(const StreamFound& stream);
// Why the order of results cannot be kept in a stream; empty when it can. Pure.
std::string unfit_for_order(const StreamFound& stream);
// Why a stream is no key-value bucket that values can be put in; empty when it is one. Pure.
std::string unfit_for_summary(const StreamFound& stream);

}  // namespace millrace::io
