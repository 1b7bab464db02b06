// Recall: reads back what is stored of events.
//
// Where results are published and aggregated, the first stored one is the truth (SEMANTICS C8): an event whose result
// turns out to be stored already counts with the score that stands there, not with the one that was computed again.
// Here is asked for that message, from the leader of its stream.
//
// Thread: one engine's. Time: told. Bounds: kMostUnanswered questions at a time; events by the ledger.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "bridge/base/ids.h"
#include "bridge/base/stream.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/retry.h"

namespace millrace::engine {

class Recall {
  public:
    static constexpr std::size_t kMostUnanswered = 64;
    static constexpr Duration kAnswerWithin = std::chrono::seconds(5);

    explicit Recall(std::uint64_t seed) : retry_(seed) {}

    void want(EventRef event, Partition partition, OutputPlace place) { wanted_.push_back({event, partition, place}); }
    void pump(Time now, bool connected, Effects& out);
    // The event that `got` tells of, by its message or by having none. An error is asked again later.
    std::optional<EventRef> got(const GotMessage& got, Time now);
    void disconnected();
    void forget(EventRef event);
    void clear();

    // Why the streams cannot be read as we are set up; empty since the last message that was.
    [[nodiscard]] const std::string& trouble() const { return retry_.trouble(); }
    [[nodiscard]] Time next_due(Time now) const;

  private:
    struct Wish {
        EventRef event;
        Partition partition = 0;
        OutputPlace place;
    };
    struct Asked {
        Wish wish;
        Time due{};  // given up then
    };

    Retry retry_;
    std::deque<Wish> wanted_;
    std::map<std::uint64_t, Asked> asked_;  // by the number of the Read, which is the order of asking
    std::uint64_t number_ = 0;
    Time not_before_{};
};

}  // namespace millrace::engine
