// Asker: one route to the model: what is sent next, and what an answer does to the events that were asked about.
//
//     add ─▶ batcher ─▶ dispatcher ─▶ Send … Answered ─▶ disposition ─┬─▶ commit
//                           ▲                                          │
//                           └── conviction ◀── split, accuse ◀─────────┘
//
// A pipeline has one, and one more for each entry of tenants with an endpoint of their own: each has its own requests
// in flight, back-off, holds and witnesses, so that what is wrong with one endpoint is nobody else's trouble.
//
// Thread: one engine's. Time: told. Bounds: holds only events of open deliveries; parallel × partitions requests. Not
// here: it does not pull, publish or ack, and does not know which tenants are its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/time.h"
#include "bridge/engine/backoff.h"
#include "bridge/engine/batcher.h"
#include "bridge/engine/conviction.h"
#include "bridge/engine/dispatcher.h"
#include "bridge/engine/drought.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/input.h"
#include "bridge/engine/ledger.h"
#include "bridge/engine/shadow.h"
#include "bridge/settings/addresses.h"
#include "bridge/settings/settings.h"

namespace millrace::engine {

// Who keeps the deliveries, and decides about them.
class Keeper {
  public:
    // The event has its outcome already.
    [[nodiscard]] virtual bool holds(EventRef ref) = 0;
    // Its settlement has the score: it has its outcome now.
    virtual void store(EventRef ref, Effects& out) = 0;
    // The endpoint's verdict on the event stands.
    virtual void bury(EventRef ref, Verdict verdict, Effects& out) = 0;
    // The event cannot be decided here; another replica may know better.
    virtual void give_back(DeliveryId id, BackoffRule rule, Effects& out) = 0;
    virtual void halt(std::string name, std::string remedy, Effects& out) = 0;

  protected:
    ~Keeper() = default;
};

class Asker {
  public:
    struct Parts {
        const settings::Pipeline& pipeline;
        const settings::Routes& routes;
        std::size_t route = 0;
        const std::vector<Partition>& partitions;
        Ledger& ledger;
        Keeper& keeper;
        std::uint64_t seed;        // for jitter
        bool have_health = false;  // addresses can be asked for it
        Shadow* shadow = nullptr;  // told of what is scored; null where there is none
    };

    // All parts outlive the asker.
    explicit Asker(const Parts& parts);

    // An event waits for its request.
    void add(Partition partition, const std::string& lane, EventRef event, std::size_t row_bytes, bool single,
             Time now) {
        batcher_.add(partition, lane, event, row_bytes, single, now);
    }
    // Sends what may be sent.
    void dispatch(Time now, Effects& out);
    // Requires: the id is of this asker.
    void answered(Answered&& in, Time now, Effects& out);
    // Where the request went; nothing for an unknown id.
    [[nodiscard]] std::optional<std::size_t> address_of(RequestId id) const {
        const auto address = dispatcher_.address_of(id);
        return address ? std::optional(through_all_routes(*address)) : std::nullopt;
    }
    // The event does not fit the signature: it counts as a verdict, and the ratio is asked.
    void misfit(const std::string& lane, Partition partition, EventRef event, Verdict verdict);
    void health_told(const HealthTold& in, Time now) { dispatcher_.checked(in.id, in.well, now); }
    // `address` is of all routes.
    void reintroduced(std::size_t address);
    // The pipeline is halted: nothing comes of the answer.
    void ignore(RequestId id) { dispatcher_.land(id); }
    // Nothing is for the address, counted in this route; `why` where that will last.
    void bar(std::size_t address, bool barred, const std::string& why) { dispatcher_.bar(address, barred, why); }
    // Verdicts that may be given now.
    void judge(Time now, Effects& out);

    // Nothing new comes: batches are sent unfinished.
    void drain() { draining_ = true; }
    void forget(EventRef event) { conviction_.forget(event); }
    // Events of deliveries that were let go leave the queue in bulk.
    void prune() {
        batcher_.prune([&](EventRef ref) { return ledger_.find(ref) == nullptr; });
    }
    void clear();
    // A row of the lane was scored, as is known from elsewhere.
    void remember(const std::string& lane, std::string_view row) { conviction_.remember(lane, row); }
    // A result of the lane is stored.
    void settled(const std::string& lane) { conviction_.settled(lane, false); }

    // Why nothing is sent until something outside is put right; empty when something is.
    [[nodiscard]] const std::string& trouble() const { return dispatcher_.hold_reason(); }
    // Every event is refused alone, whoever's it is.
    [[nodiscard]] bool hopeless() const { return conviction_.hopeless(); }
    // Nothing was scored for long, in words; empty otherwise.
    [[nodiscard]] std::string drought(Time now) const { return drought_.text(now); }
    // What waits for the ratio, in words.
    [[nodiscard]] std::string complaint() const { return conviction_.complaint(); }
    // Nobody knows whether the endpoint works: one event at a time is enough.
    [[nodiscard]] bool wants_little() const { return dispatcher_.on_hold() || dispatcher_.untried(); }
    // On hold, and there is no event to probe with.
    [[nodiscard]] bool lacks_a_probe() const {
        return !dispatcher_.has_clean() && batcher_.size() == 0 && dispatcher_.in_flight() == 0;
    }
    [[nodiscard]] bool on_hold() const { return dispatcher_.on_hold(); }
    // Nothing is in the endpoint's hands, nor will be by itself, but for probes.
    [[nodiscard]] bool idle() const {
        return dispatcher_.in_flight() == 0 && (!dispatcher_.goes_on() || dispatcher_.on_hold());
    }

    [[nodiscard]] std::size_t queued() const { return batcher_.size(); }
    [[nodiscard]] Time next_due(Time now) const;
    // Adds its share.
    void describe(Time now, Snapshot& s) const;

  private:
    void scored(Flight&& flight, Answer&& answer, Time now, Effects& out);
    void failed(Flight&& flight, const Answer& answer, Time now, Effects& out);
    void refused(Flight&& flight, const Answer& answer, Time now, Effects& out);
    void misconfigured(Flight&& flight, const Answer& answer, Time now, Effects& out);
    void split(Batch&& batch);

    bool send_one(Partition partition, Time now, Effects& out);
    void probe(Time now, Effects& out);
    std::optional<Batch> any_waiting(Time now);
    Batch middle_of(Batch&& batch);
    [[nodiscard]] bool is_new_ones_turn(Partition partition, Time now, std::uint64_t most_bytes);
    void learn(const Flight& flight, Outcome outcome, Effects& out);
    std::optional<Batch> next_batch(Partition partition, Time now);
    void ask(Conviction::WitnessWanted& witness, Partition partition, Time now, Effects& out);
    void launch(Batch&& batch, Errand errand, std::string row, std::size_t address, Time now, Effects& out);
    void hold(std::string why, std::size_t address, Time now, Effects& out);
    void resume(std::size_t address, Effects& out);
    // For notes: the endpoint, or which of several.
    [[nodiscard]] std::string named(std::size_t address) const;
    [[nodiscard]] std::size_t through_all_routes(std::size_t address) const { return route_.addresses[address]; }

    const settings::Pipeline& pipeline_;
    const settings::Routes& routes_;
    const settings::Route& route_;
    const std::vector<Partition>& partitions_;
    const bool is_owned_;
    Ledger& ledger_;
    Keeper& keeper_;
    Shadow* shadow_;
    Batcher batcher_;
    Dispatcher dispatcher_;
    Conviction conviction_;
    Drought drought_;
    std::size_t next_partition_ = 0;      // index of the one whose turn it is to send
    std::set<std::size_t> refresh_keys_;  // of these addresses, before the next request
    bool new_one_next_ = false;           // the last request sent was a retry
    bool probe_with_good_row_ = false;    // the last probe was
    bool draining_ = false;
};

}  // namespace millrace::engine
