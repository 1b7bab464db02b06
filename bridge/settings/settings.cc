#include "bridge/settings/settings.h"

#include <algorithm>

namespace millrace::settings {

std::uint64_t ample_ack_pending(const Pipeline& pipeline) {
    return 4ull * pipeline.endpoint.max_batch_count * pipeline.endpoint.parallel_requests_per_partition;
}

std::uint32_t effective_max_ack_pending(const Pipeline& pipeline) {
    if (pipeline.input.max_ack_pending != 0) return pipeline.input.max_ack_pending;
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(ample_ack_pending(pipeline), 1000, 1'000'000));
}

bool is_owned(const Pipeline& pipeline) { return !pipeline.aggregates.empty(); }

bool has_endpoint(const Pipeline& pipeline) { return !pipeline.endpoint.url.empty(); }

std::string consumer_name(const Pipeline& pipeline, std::uint32_t partition) {
    return pipeline.name + "-p" + std::to_string(partition);
}

}  // namespace millrace::settings
