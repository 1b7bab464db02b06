// Dispatcher: requests in flight, and what may be sent next.
//
// At most `parallel` requests per partition are in flight, always. Below that bound a limit grows from one by additive
// increase and is cut when the endpoint throttles, fails or times out. After failures nothing is sent before a back-off
// (or the Retry-After) is over. On *hold* (the endpoint refuses us as we are configured) nothing is sent but one probe
// now and then; the first success resumes.
//
// Batches that come back wait here: halves of a split batch go first (the latest split first, so that a poison event is
// found depth-first), then due retries; suspects travel one at a time.
//
// Thread: one engine's. Time: told. Bounds: parallel × partitions requests. Not here: it does not judge events.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/outcome.h"
#include "bridge/base/random.h"
#include "bridge/base/time.h"
#include "bridge/engine/backoff.h"
#include "bridge/engine/batch.h"

namespace millrace::engine {

enum class Errand {
    score,    // events on their way
    witness,  // a row known to be good, to tell a bad event from a bad endpoint; carries no event
    probe,    // one event, sent on hold to see whether the endpoint takes requests again
};

struct Flight {
    RequestId id{};  // set by launch; grows from request to request
    Batch batch;
    Errand errand{};
    std::string row;             // of a witness
    bool key_refreshed = false;  // the key was read again for it
    std::size_t rows = 0;        // sent; set by launch
    Time started{};
    std::uint64_t successes_before = 0;

    // Its event travelled without mates, also without such as are no longer ours.
    [[nodiscard]] bool alone() const { return rows == 1; }
};

class Dispatcher {
  public:
    Dispatcher(std::uint32_t parallel, std::size_t partitions, std::uint64_t seed);

    // Whether a request for the partition may be sent now.
    [[nodiscard]] bool may_send(Partition partition, Time now) const;
    // A waiting batch of the partition that may go now.
    std::optional<Batch> next(Partition partition, Time now);
    // Any waiting batch of any partition, due or not, rather a clean one; for a probe.
    std::optional<Batch> any();
    [[nodiscard]] bool has_clean() const;

    // Requires: may_send, or a due probe.
    RequestId launch(Flight flight, Time now);
    // The row of a witness in flight; valid until it lands.
    [[nodiscard]] const std::string& row_of(RequestId id) const { return flights_.at(id).row; }
    // The flight that ended; nothing for an unknown id.
    std::optional<Flight> land(RequestId id);

    // Goes before all others of its kind.
    void go_first(Batch batch) { (batch.suspect ? suspects_ : first_).push_front(std::move(batch)); }
    void suspect(Batch batch) { suspects_.push_back(std::move(batch)); }
    // Waits apart, because its tenant rests, and goes first again when `call_back` is asked for the tenant.
    void set_aside(Batch batch) { aside_.push_back(std::move(batch)); }
    // Those set aside whose tenant does not rest any more may go, the largest first.
    template <typename Rests>
    void call_back(Rests rests);
    // Waits for its own back-off, then for a token of the retry budget; a suspect for its turn.
    void retry(Batch batch, Outcome outcome, Time now);

    void succeeded();
    void failed(const Answer& answer, const Flight& flight, Time now);
    [[nodiscard]] std::uint64_t successes() const { return successes_; }
    [[nodiscard]] RequestId last_launched() const { return RequestId{last_id_}; }

    // Again while on hold: the next probe is put off only when the last one was made.
    void hold(std::string why, Time now);
    // True when it was on hold.
    bool resume();
    // There is nothing to probe with: no longer on hold, but *untried* until something is scored.
    void lapse();
    [[nodiscard]] bool untried() const { return untried_; }
    [[nodiscard]] bool on_hold() const { return !hold_.empty(); }
    [[nodiscard]] const std::string& hold_reason() const { return hold_; }
    [[nodiscard]] bool probe_due(Time now) const;

    [[nodiscard]] Time next_due(Time now) const;
    [[nodiscard]] std::size_t in_flight() const { return flights_.size(); }
    [[nodiscard]] std::size_t waiting() const;  // events that wait here
    [[nodiscard]] double limit() const { return limit_; }
    void clear();

  private:
    struct Retry {
        Batch batch;
        Time due{};
    };

    const std::uint32_t parallel_;
    const double most_;
    std::map<RequestId, Flight> flights_;
    std::map<Partition, std::uint32_t> flying_;  // requests in flight by partition
    std::deque<Batch> first_;
    std::deque<Retry> retries_;
    std::deque<Batch> suspects_;
    std::deque<Batch> aside_;
    bool suspect_flying_ = false;
    std::uint64_t last_id_ = 0;
    std::uint64_t successes_ = 0;
    double limit_ = 1.0;
    Time last_cut_{};
    Time not_before_{};
    std::uint32_t failures_ = 0;  // in a row
    std::string hold_;
    Time next_probe_{};
    std::uint32_t probes_ = 0;
    bool probe_made_ = false;  // since it was last put off
    bool untried_ = false;
    RetryBudget budget_;
    Random random_;
};

template <typename Rests>
void Dispatcher::call_back(Rests rests) {
    const auto still = std::stable_partition(aside_.begin(), aside_.end(), [&](const Batch& b) { return rests(b); });
    std::stable_sort(still, aside_.end(),
                     [](const Batch& a, const Batch& b) { return a.events.size() < b.events.size(); });
    for (auto batch = still; batch != aside_.end(); ++batch) go_first(std::move(*batch));
    aside_.erase(still, aside_.end());
}

}  // namespace millrace::engine
