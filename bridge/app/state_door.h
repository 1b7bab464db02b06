// StateDoor: JetStream as a command needs it that looks at owned partitions, or writes them, once: the owner's door,
// with answers waited for.
//
// Thread: one; calls block, for kPatience at most.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/engine/effect.h"
#include "bridge/io/nats_jetstream.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

class StateDoor {
  public:
    static constexpr std::chrono::seconds kPatience{10};

    // Both outlive it.
    StateDoor(const settings::Nats& nats, const settings::Pipeline& pipeline);

    // Says what the streams hold, and the server's time.
    Result<Bound> look(Partition partition);
    // What the stream's leader has; the answer has no error.
    Result<GotMessage> read(const Read& read);
    // Answers come by next_stored.
    void publish(const engine::Write& write);
    std::optional<Stored> next_stored(std::chrono::milliseconds within);

  private:
    using Arrival = ports::JetStreamArrival;
    // The first arrival that `wanted` is true of; the others are dropped.
    std::optional<Arrival> await(std::chrono::milliseconds within, const std::function<bool(const Arrival&)>& wanted);

    std::mutex mutex_;
    std::condition_variable woken_;
    bool awake_ = false;
    io::NatsJetStream::Arrivals arrivals_;
    std::vector<Arrival> taken_;  // and not looked at yet, the next one last
    io::NatsJetStream jetstream_;
};

}  // namespace millrace::app
