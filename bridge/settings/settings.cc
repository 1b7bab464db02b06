#include "bridge/settings/settings.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <tuple>

namespace millrace::settings {
namespace {

// Where tenants have endpoints of their own: of what may be unacked, one part in so many is in hand; the rest is room
// for what was given back because its endpoint does not work, which counts as unacked until it comes again.
constexpr std::uint32_t kGivenBackRoom = 4;

}  // namespace

std::uint64_t ample_ack_pending(const Pipeline& pipeline) {
    return 4ull * pipeline.endpoint.max_batch_count * pipeline.endpoint.parallel_requests_per_partition;
}

std::uint32_t effective_max_ack_pending(const Pipeline& pipeline) {
    if (pipeline.input.max_ack_pending != 0) return pipeline.input.max_ack_pending;
    const std::uint64_t ways = 1 + pipeline.endpoint.tenants.size();
    const std::uint64_t ample = ample_ack_pending(pipeline) * (ways == 1 ? 1 : ways * kGivenBackRoom);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(ample, 1000, 1'000'000));
}

std::uint32_t most_in_hand(const Pipeline& pipeline) {
    const std::uint32_t pending = effective_max_ack_pending(pipeline);
    return pipeline.endpoint.tenants.empty() ? pending : std::max(1u, pending / kGivenBackRoom);
}

bool is_owned(const Pipeline& pipeline) { return pipeline.ordered || !pipeline.aggregates.empty(); }

bool has_endpoint(const Pipeline& pipeline) {
    return !pipeline.endpoint.url.empty() || !pipeline.endpoint.addresses.empty();
}

bool has_shadow(const Pipeline& pipeline) { return !pipeline.endpoint.shadow.address.url.empty(); }

bool has_audit(const Pipeline& pipeline) { return !pipeline.audit.subject.empty(); }

Pipeline with_shadow_as_endpoint(const Pipeline& pipeline) {
    Pipeline made = pipeline;
    const Shadow& shadow = pipeline.endpoint.shadow;
    Endpoint& endpoint = made.endpoint;
    endpoint.url = shadow.address.url;
    endpoint.headers = shadow.address.headers;
    endpoint.key_file = shadow.address.key_file;
    endpoint.second_key_file = shadow.address.second_key_file;
    endpoint.identity = shadow.address.identity;
    endpoint.audience = shadow.address.audience;
    endpoint.deployment = shadow.address.deployment;
    endpoint.addresses.clear();
    endpoint.tenants.clear();
    endpoint.shadow = {};
    if (shadow.protocol.empty()) return made;
    endpoint.protocol = shadow.protocol;
    endpoint.body = shadow.body;
    endpoint.rows_pointer = shadow.rows_pointer;
    endpoint.results_pointer = shadow.results_pointer;
    endpoint.tensors = shadow.tensors;
    endpoint.request = shadow.request;
    endpoint.extras = shadow.extras;
    return made;
}

std::string consumer_name(const Pipeline& pipeline, std::uint32_t partition) {
    return pipeline.name + "-p" + std::to_string(partition);
}

std::string consumer_name(const Pipeline& pipeline, const Position& position) {
    return consumer_name(pipeline, position.partition) + "-" + std::to_string(position.epoch) + "-" +
           std::to_string(position.number);
}

bool is_earlier_consumer(const Pipeline& pipeline, const Position& position, std::string_view name) {
    const std::string prefix = consumer_name(pipeline, position.partition) + "-";
    if (!name.starts_with(prefix)) return false;
    Position other = position;
    const char* const end = name.data() + name.size();
    const auto epoch = std::from_chars(name.data() + prefix.size(), end, other.epoch);
    if (epoch.ec != std::errc() || epoch.ptr == end || *epoch.ptr != '-') return false;
    const auto number = std::from_chars(epoch.ptr + 1, end, other.number);
    // Written in another way it is somebody else's.
    if (number.ec != std::errc() || number.ptr != end || name != consumer_name(pipeline, other)) return false;
    return std::tie(other.epoch, other.number) < std::tie(position.epoch, position.number);
}

}  // namespace millrace::settings
