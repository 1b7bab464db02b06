// Worker: one shard with its adapters, and the thread that turns it.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/io/curl_endpoint.h"
#include "bridge/io/nats_jetstream.h"
#include "bridge/protocols/registry.h"
#include "bridge/settings/settings.h"
#include "bridge/shard/shard.h"

namespace millrace::app {

class Worker {
  public:
    // `settings`, `pipeline` and `observer` outlive the worker. Connects in the background: a server that is away is no
    // reason not to start.
    Worker(const settings::Settings& settings, const settings::Pipeline& pipeline, std::vector<Partition> partitions,
           Credentials credentials, auth::KeyFile shadow_key, ports::Observer& observer, std::uint64_t seed);
    // Requires: the thread has ended (`join`).
    ~Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();
    // From any thread: drain within the configured time, then end.
    void drain();
    void join() { thread_.join(); }

  private:
    void loop();

    const Duration drain_timeout_;
    Credentials credentials_;
    auth::KeyFile shadow_key_;
    std::unique_ptr<protocols::Protocol> protocol_;
    io::CurlEndpoint endpoint_;
    Shard::Arrivals arrivals_;
    io::NatsJetStream jetstream_;
    Shard shard_;
    std::atomic<bool> drain_{false};
    std::thread thread_;
};

}  // namespace millrace::app
