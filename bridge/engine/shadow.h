// Shadow: a share of the batches that were scored is copied to a candidate, and where its scores differ that is told.
//
// A batch is copied once its scores are on their way to be stored: then there is something to compare with, what fails
// and is tried again is no further sample, and nobody waits for the copy. Which batches: those whose first event's
// identity, read as a number, is below the share; so a batch that is scored again after a crash is chosen alike.
//
// Nothing here can be waited for. A copy is no request of the dispatcher's and its memory is not in the credit; there
// is room for a few, and what finds none is skipped and counted. After a failure nothing is copied for a while. What
// differs is published once, without an identity in the commit; whether it is stored is counted and no more.
//
// Thread: one engine's. Time: told. Bounds: parallel_requests copies with at most kMostBytes of rows and scores in
// them, kMostTold differences that no stream has answered for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/random.h"
#include "bridge/base/shadow.h"
#include "bridge/base/stream.h"
#include "bridge/base/time.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/input.h"
#include "bridge/settings/settings.h"

namespace millrace::engine {

class Shadow {
  public:
    static constexpr std::size_t kMostBytes = 8u << 20;
    static constexpr std::size_t kMostTold = 1024;
    static constexpr Duration kStoredWithin = std::chrono::seconds(10);

    // `shadow` outlives it.
    Shadow(const settings::Shadow& shadow, std::uint64_t seed) : shadow_(shadow), random_(seed) {}

    // These were scored together; their scores are in their settlements.
    using Scored = std::vector<std::pair<const Delivery*, const Event*>>;
    void scored(Scored&& events, Time now, Effects& out);
    void answered(ShadowAnswered&& in, Time now, Effects& out);
    // False, and nothing done, for what is not the answer to a difference.
    bool stored(const Stored& stored, Effects& out);

    [[nodiscard]] std::size_t in_flight() const { return copies_.size(); }

  private:
    // Ids from here on are nobody else's: requests for scores and publications count from 1, and those of owned
    // partitions have the bit above.
    static constexpr std::uint64_t kFirst = std::uint64_t{1} << 62;

    [[nodiscard]] bool chooses(const Event& first) const;
    [[nodiscard]] bool has_room(std::size_t bytes, Time now) const;
    void failed(const ShadowAnswered& in, Time now, Effects& out);
    void tell(std::vector<Difference>&& differences, Time now, Effects& out);

    const settings::Shadow& shadow_;
    Random random_;
    std::map<RequestId, std::size_t> copies_;  // in flight, with their bytes
    std::size_t bytes_ = 0;
    std::uint64_t last_id_ = kFirst;
    std::uint32_t failures_ = 0;  // in a row
    Time not_before_{};
    bool refresh_key_ = false;  // before the next copy
    std::string complaint_;     // as last told in a note
    Time complained_{};
    std::vector<Difference> telling_;  // what effects of this step point to
    std::map<StoreId, Time> told_;     // no stream has answered for them; since when
    std::uint64_t last_told_ = kFirst;
    std::string untold_;  // why differences are lost, as last told in a note
};

}  // namespace millrace::engine
