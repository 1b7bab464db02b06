// Dispatcher: requests in flight, and what may be sent next.
//
// At most `parallel` requests per partition are in flight, always, whichever address they go to. What an address takes
// at once, when it may be asked again and whether it is out, is its breaker's; which one comes next, the chooser's. A
// batch that came back from one goes to another while there is one that works, and an event refused alone goes back to
// where it was refused, for only there another answer counts against it. While all are out the pipeline is on *hold*:
// nothing is sent but one probe now and then; the first success resumes.
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
#include <utility>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/outcome.h"
#include "bridge/base/random.h"
#include "bridge/base/time.h"
#include "bridge/engine/backoff.h"
#include "bridge/engine/batch.h"
#include "bridge/engine/breaker.h"
#include "bridge/engine/ceiling.h"
#include "bridge/engine/chooser.h"
#include "bridge/engine/turns.h"

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
    std::size_t address = 0;     // it goes to
    Duration charged{};          // to the tenant, before it is known what it takes
    std::string row;             // of a witness
    bool key_refreshed = false;  // the key was read again for it
    std::size_t rows = 0;        // sent; set by launch
    std::uint64_t bytes = 0;     // of these rows
    Time started{};
    std::uint64_t successes_before = 0;

    // Its event travelled without mates, also without such as are no longer ours.
    [[nodiscard]] bool alone() const { return rows == 1; }
};

// The addresses to choose from, and which of how many dispatchers this one is, so that no two give the same id.
struct Ways {
    settings::Selection selection = settings::Selection::failover;
    std::vector<std::uint32_t> weights = {1};  // one an address, at most kMostAddresses
    std::uint64_t number = 0;
    std::uint64_t of = 1;
    bool have_health = false;  // they can be asked for it
};
inline constexpr std::size_t kMostAddresses = 32;  // bits of Batch::tried

class Dispatcher {
  public:
    Dispatcher(std::uint32_t parallel, std::size_t partitions, std::uint64_t seed, Ways ways = {});

    // Whether a request for the partition may be sent now.
    [[nodiscard]] bool may_send(Partition partition, Time now) const;
    // Where the batch would go now, if anywhere.
    [[nodiscard]] std::optional<std::size_t> address_for(const Batch& batch, Time now) const;
    // Whether a request may be sent to this address now.
    [[nodiscard]] bool admits(std::size_t address, Time now) const { return breakers_[address].admits(now); }
    [[nodiscard]] bool has_slot(Partition partition) const;
    // A waiting batch of the partition that may go now, of the tenant that had least of the endpoint's time.
    std::optional<Batch> next(Partition partition, Time now, const Turns& turns = {});
    // Whose that would be; valid until the next call of anything else.
    [[nodiscard]] const std::string* next_tenant(Partition partition, Time now, const Turns& turns) const;
    // Any waiting batch of any partition, due or not, rather a clean one; for a probe.
    std::optional<Batch> any();
    [[nodiscard]] bool has_clean() const;

    // Requires: has_slot, and that the address admits it or a probe of it is due.
    RequestId launch(Flight flight, Time now);
    // The row of a witness in flight; valid until it lands.
    [[nodiscard]] const std::string& row_of(RequestId id) const { return flights_.at(id).row; }
    [[nodiscard]] std::optional<std::size_t> address_of(RequestId id) const {
        const auto flight = flights_.find(id);
        return flight == flights_.end() ? std::nullopt : std::optional(flight->second.address);
    }
    // The flight that ended; nothing for an unknown id.
    std::optional<Flight> land(RequestId id);

    // An address that is to be asked for its health, and the id to ask under.
    std::optional<std::pair<RequestId, std::size_t>> want_check(Time now);
    void checked(RequestId id, bool well, Time now);

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

    void succeeded(std::size_t address = 0);
    void failed(const Answer& answer, const Flight& flight, Time now);
    [[nodiscard]] std::uint64_t successes() const { return successes_; }
    // The last of these that came from the address; zero for none.
    [[nodiscard]] std::uint64_t last_success(std::size_t address) const { return breakers_[address].last_success(); }
    [[nodiscard]] RequestId last_launched() const { return RequestId{last_id_}; }

    // The address is out until a probe of it is scored. Again while it is out, the next probe is put off only when the
    // last one was made.
    void hold(std::string why, Time now, std::size_t address = 0);
    // If the address is out, its next probe is due.
    void probe_soon(std::size_t address) { breakers_[address].probe_soon(); }
    // True when it was out.
    bool resume(std::size_t address = 0) { return breakers_[address].resume(); }
    void bar(std::size_t address, bool barred, const std::string& why) { breakers_[address].bar(barred, why); }
    [[nodiscard]] bool is_out(std::size_t address) const { return breakers_[address].is_out(); }
    // Another address would be asked, if this one were not.
    [[nodiscard]] bool others_work(std::size_t address) const;
    // There is nothing to probe with: no longer on hold, but *untried* until something is scored.
    void lapse();
    [[nodiscard]] bool untried() const { return untried_; }
    [[nodiscard]] bool on_hold() const;
    // Empty while some address is not out.
    [[nodiscard]] const std::string& hold_reason() const;
    // One that is out and is to be probed now.
    [[nodiscard]] std::optional<std::size_t> probe_due(Time now) const;
    [[nodiscard]] const Breaker& breaker(std::size_t address) const { return breakers_[address]; }
    [[nodiscard]] std::size_t addresses() const { return breakers_.size(); }
    // What the address takes in one request.
    [[nodiscard]] Ceiling& ceiling(std::size_t address) { return ceilings_[address]; }

    [[nodiscard]] Time next_due(Time now) const;
    [[nodiscard]] std::size_t in_flight() const { return flights_.size(); }
    [[nodiscard]] std::size_t waiting() const;  // events that wait here
    // Some of them are sent by and by without anything else happening.
    [[nodiscard]] bool goes_on() const { return !(first_.empty() && retries_.empty() && suspects_.empty()); }
    [[nodiscard]] double limit() const;  // of all addresses
    void clear();

  private:
    struct Retry {
        Batch batch;
        Time due{};
    };

    // Where a waiting batch stands.
    struct Place {
        enum class Queue { first, retries, suspects } queue{};
        std::size_t index = 0;
        const Batch* batch = nullptr;
    };
    [[nodiscard]] std::optional<Place> find_next(Partition partition, Time now, const Turns& turns) const;
    [[nodiscard]] bool may_go(const Batch& batch, Time now) const { return address_for(batch, now).has_value(); }

    const std::uint32_t parallel_;
    const std::uint64_t dispatchers_;
    std::vector<Breaker> breakers_;  // one an address
    std::vector<Ceiling> ceilings_;  // likewise
    Chooser chooser_;
    std::map<RequestId, Flight> flights_;
    std::map<RequestId, std::size_t> checks_;    // of health, in flight, with the address
    std::map<Partition, std::uint32_t> flying_;  // requests in flight by partition
    std::deque<Batch> first_;
    std::deque<Retry> retries_;
    std::deque<Batch> suspects_;
    std::deque<Batch> aside_;
    bool suspect_flying_ = false;
    std::uint64_t last_id_;
    std::uint64_t successes_ = 0;
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
