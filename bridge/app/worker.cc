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
}  // namespace

Worker::Worker(const settings::Settings& settings, const settings::Pipeline& pipeline,
               std::vector<Partition> partitions, Credentials credentials, ports::Observer& observer,
               std::uint64_t seed)
    : drain_timeout_(settings.drain_timeout),
      credentials_(std::move(credentials)),
      protocol_(protocols::make(pipeline)),
      endpoint_({pipeline.endpoint.parallel_requests_per_partition * partitions.size() *
                 settings::routes(pipeline.endpoint).routes.size()}),
      arrivals_([this] { endpoint_.wake(); }),
      jetstream_(settings.nats, pipeline, arrivals_),
      shard_({pipeline, std::move(partitions), jetstream_, arrivals_, endpoint_, *protocol_, credentials_, observer,
              seed,
              pipeline.endpoint.signature.from == settings::SignatureFrom::endpoint
                  ? protocols::contract_url(pipeline, settings::routes(pipeline.endpoint).addresses.front().url)
                  : std::string()}) {}

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
