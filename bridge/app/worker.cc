#include "bridge/app/worker.h"

#include <utility>

#include "bridge/app/clocks.h"
#include "bridge/protocols/contract.h"
#include "bridge/settings/addresses.h"

namespace millrace::app {

namespace {
constexpr Duration kLongestWait = std::chrono::seconds(1);  // so that liveness can be told from a turn now and then
// After the drain deadline everything is let go; what is left to do is one more turn.
constexpr Duration kDrainSlack = std::chrono::seconds(1);

std::size_t most_connections(const settings::Pipeline& pipeline, std::size_t partitions) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    const std::size_t ours =
        endpoint.parallel_requests_per_partition * partitions * settings::routes(endpoint).routes.size();
    return ours + (settings::has_shadow(pipeline) ? endpoint.shadow.parallel_requests : 0);
}
}  // namespace

Worker::Worker(const settings::Settings& settings, const settings::Pipeline& pipeline,
               std::vector<Partition> partitions, Credentials credentials, auth::KeyFile shadow_key,
               ports::Observer& observer, std::uint64_t seed)
    : drain_timeout_(settings.drain_timeout),
      credentials_(std::move(credentials)),
      shadow_key_(std::move(shadow_key)),
      protocol_(protocols::make(pipeline)),
      endpoint_({most_connections(pipeline, partitions.size())}),
      arrivals_([this] { endpoint_.wake(); }),
      jetstream_(settings.nats, pipeline, arrivals_),
      shard_({pipeline, std::move(partitions), jetstream_, arrivals_, endpoint_, *protocol_, credentials_, observer,
              seed,
              pipeline.endpoint.signature.from == settings::SignatureFrom::endpoint
                  ? protocols::contract_url(pipeline, settings::routes(pipeline.endpoint).addresses.front().url)
                  : std::string(),
              &shadow_key_}) {}

void Worker::start() {
    thread_ = std::thread([this] { loop(); });
}

void Worker::drain() {
    drain_ = true;
    endpoint_.wake();
}

void Worker::loop() {
    Time deadline = kNever;
    for (Time now = boot_now(); !shard_.drained() && now < deadline; now = boot_now()) {
        if (drain_ && deadline == kNever) {
            shard_.drain(now + drain_timeout_);
            deadline = now + drain_timeout_ + kDrainSlack;
        }
        shard_.turn(now, wall_now());
        if (!shard_.drained()) shard_.wait(boot_now(), kLongestWait);
    }
    jetstream_.flush();
}

}  // namespace millrace::app
