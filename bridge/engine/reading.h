// Reading: asks the leader of a stream for one message at a time until it answers.
//
// Thread: one engine's. Time: told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "bridge/base/stream.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/numbers.h"
#include "bridge/engine/retry.h"

namespace millrace::engine {

class Reading {
  public:
    static constexpr Duration kAnswerWithin = std::chrono::seconds(5);

    Reading(Partition partition, Numbers& numbers, std::uint64_t seed)
        : partition_(partition), numbers_(numbers), retry_(seed) {}

    // Replaces what was asked before. The number and the partition of `read` are given here.
    void ask(Read read) {
        wanted_ = std::move(read);
        wanted_->partition = partition_;
        wanted_->number = 0;
        due_ = {};
    }
    void forget() { wanted_.reset(); }
    [[nodiscard]] bool busy() const { return wanted_.has_value(); }
    void pump(Time now, bool connected, Effects& out);
    void disconnected();
    // Whether `got` answers what is asked, with a message or with none. An error is asked again later.
    bool got(const GotMessage& got, Time now);

    [[nodiscard]] const std::string& trouble() const { return retry_.trouble(); }
    [[nodiscard]] Time next_due(Time now) const { return wanted_ && due_ > now ? due_ : kNever; }

  private:
    const Partition partition_;
    Numbers& numbers_;
    Retry retry_;
    std::optional<Read> wanted_;  // number 0: not sent
    Time due_{};                  // given up then, or not sent before
};

}  // namespace millrace::engine
