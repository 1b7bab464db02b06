// Engine: the deterministic heart of one pipeline on one shard. `step(input, now) → effects`, and nothing else: no
// thread, clock, socket, lock, log or third-party header. The same inputs at the same times give the same effects.
//
//     Delivered ─▶ ledger ─▶ batcher ─▶ dispatcher ─▶ Send … Answered ─▶ disposition ─┬─▶ commit ─▶ Publish … Stored ─▶
//     Ack
//                                           ▲                                          │
//                                           └── conviction ◀── split, accuse ◀─────────┘
//
// Each concept is a machine of its own; this file routes between them. Inputs are taken one by one; what they make
// possible (sending, pulling, publishing, in-progress acks) is asked for by the next Tick, so that a burst of
// deliveries becomes one batch and not many.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/random.h"
#include "bridge/base/snapshot.h"
#include "bridge/base/time.h"
#include "bridge/engine/backoff.h"
#include "bridge/engine/batcher.h"
#include "bridge/engine/commit.h"
#include "bridge/engine/contract.h"
#include "bridge/engine/conviction.h"
#include "bridge/engine/dispatcher.h"
#include "bridge/engine/drought.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/input.h"
#include "bridge/engine/ledger.h"
#include "bridge/engine/ordered_commit.h"
#include "bridge/engine/owner.h"
#include "bridge/engine/puller.h"
#include "bridge/engine/recall.h"
#include "bridge/engine/search.h"
#include "bridge/settings/settings.h"

namespace millrace::engine {

// What an engine of owned partitions needs besides.
struct Ownership {
    const Rendering* rendering = nullptr;  // outlives the engine
    Digest fingerprint{};                  // of what the configuration means
};

class Engine {
  public:
    // `pipeline` outlives the engine. `seed` is for jitter and for the names of writers. `reads_signature`: the
    // endpoint may publish what it takes, and is asked first.
    Engine(const settings::Pipeline& pipeline, std::vector<Partition> partitions, std::uint64_t seed,
           const Ownership& ownership = {}, bool reads_signature = false);

    // Requires: now never goes back.
    void step(Input&& input, Time now, Effects& out);
    // When a Tick is wanted although no input came; kNever when only an input can change anything. Also a time that is
    // over by now, if it came after the last Tick.
    [[nodiscard]] Time next_due() const;
    [[nodiscard]] bool drained() const { return draining_ && ledger_.size() == 0 && (!halt_.empty() || owners_left()); }
    [[nodiscard]] Snapshot snapshot(Time now) const;

  private:
    void on(Tick&&, Time now, Effects& out);
    void on(Delivered&& in, Time now, Effects& out);
    void on(Answered&& in, Time now, Effects& out);
    void on(PullStatus&& in, Time now, Effects& out);
    void on(Bound&& in, Time now, Effects& out);
    void on(BindFailed&& in, Time now, Effects& out);
    void on(Stored&& in, Time now, Effects& out);
    void on(Found&& in, Time now, Effects& out);
    void on(GotMessage&& in, Time now, Effects& out);
    void on(SignatureRead&& in, Time now, Effects& out);
    void on(Disconnected&&, Time now, Effects& out);
    void on(Reconnected&&, Time now, Effects& out);
    void on(Drain&& in, Time now, Effects& out);

    void scored(Flight&& flight, Answer&& answer, Time now, Effects& out);
    void failed(Flight&& flight, const Answer& answer, Time now, Effects& out);
    void refused(Flight&& flight, const Answer& answer, Time now, Effects& out);
    void misconfigured(Flight&& flight, const Answer& answer, Time now, Effects& out);
    void split(Batch&& batch);
    void accuse(Flight&& flight, const Answer& answer);

    void unfit(EventRef ref, const Event& event, Effects& out);
    // An event has its outcome already; has it now.
    [[nodiscard]] bool holds(EventRef ref);
    void store(EventRef ref, Effects& out);
    void bury(EventRef ref, Verdict verdict, Effects& out);
    void work_on(const Delivery& delivery, EventRef ref, Time now, Effects& out);
    void begin(const Delivery& delivery, EventRef ref, Time now, Effects& out);
    void judge(Time now, Effects& out);
    void queue(const Delivery& delivery, DeliveryId id, std::uint32_t element, Time now);
    void dispatch(Time now, Effects& out);
    bool send_one(Partition partition, Time now, Effects& out);
    void probe(Time now, Effects& out);
    std::optional<Batch> any_waiting(Time now);
    Batch middle_of(Batch&& batch);
    std::optional<Batch> next_batch(Partition partition, Time now);
    void ask(Conviction::WitnessWanted& witness, Partition partition, Time now, Effects& out);
    void launch(Batch&& batch, Errand errand, std::string row, Time now, Effects& out);
    void hold(std::string why, Time now, Effects& out);
    void halt(std::string name, std::string remedy, Effects& out);

    // Owned partitions (owned.cc).
    [[nodiscard]] bool is_owned() const { return !owners_.empty(); }
    Owner* owner_of(Partition partition);
    Owner* owner_of_number(std::uint64_t number);
    void deliver_owned(Delivered&& in, Time now, Effects& out);
    void hand_over(Effects& out);
    void commit_verdicts();
    void settle_verdicts(Partition partition, Owner& owner, Time now, Effects& out);
    void pump_ordered(Time now, Effects& out);
    [[nodiscard]] bool is_ordered(EventRef ref);
    void read_back(const GotMessage& got, Time now, Effects& out);
    void bound_owned(const Bound& in, Time now, Effects& out);
    void pump_owners(Time now, Effects& out);
    void describe_owners(Snapshot& s) const;
    [[nodiscard]] bool owners_left() const;

    void note_expansion(const Delivery& delivery);
    void made_anew(Partition partition, Effects& out);
    void expire(Time now, Effects& out);
    void keep_in_progress(Time now, Effects& out);
    void give_back(DeliveryId id, BackoffRule rule, Effects& out);
    void let_go(DeliveryId id);
    void let_go_of_all(Effects& out);
    void withhold_acks(Time now, Effects& out, std::size_t from);
    void count_settled(const Effects& out, std::size_t from);
    [[nodiscard]] Puller::Credit in_hand() const;
    [[nodiscard]] Puller::Credit credit() const;
    [[nodiscard]] bool may_pull() const;
    [[nodiscard]] const std::string& lane_of(const Delivery& delivery) const;

    const settings::Pipeline& pipeline_;
    std::vector<Partition> partitions_;
    Puller puller_;
    Ledger ledger_;
    Batcher batcher_;
    Dispatcher dispatcher_;
    Conviction conviction_;
    Contract contract_;
    Drought drought_;
    Recall recall_;
    Commit commit_;
    Search search_;
    std::unique_ptr<OrderedCommit> ordered_;              // null where results are stored in any order
    std::map<Partition, std::unique_ptr<Owner>> owners_;  // empty where partitions are shared
    const Rendering* rendering_;                          // of owned partitions
    std::size_t max_messages_;
    // Memory a byte on the wire takes once it is decoded: small elements in a large message take many times their size.
    // Until something was seen, a cautious guess.
    double expansion_ = 16;
    Random random_;
    Time ticked_{};  // the last Tick
    std::map<Partition, std::int64_t> max_deliver_;
    std::uint64_t max_input_ = 1 << 20;
    std::map<Partition, ServerTime> stream_created_;
    struct Newest {
        std::uint64_t sequence = 0;
        ServerTime stored_at{};
    };
    std::map<Partition, Newest> newest_;  // message seen of the stream
    std::map<Partition, std::uint64_t> backlog_;
    // When it was last seen that no redelivery waits to be pulled: they come before what is new.
    std::map<Partition, Time> none_due_;
    std::size_t next_partition_ = 0;    // index of the one whose turn it is to send
    bool refresh_key_ = false;          // before the next request
    bool new_one_next_ = false;         // the last request sent was a retry
    bool probe_with_good_row_ = false;  // the last probe was
    bool draining_ = false;
    Time drain_deadline_{};
    std::string halt_;
    std::string halt_remedy_;
    std::string bind_trouble_;  // as last told in a note
    std::string sink_trouble_;
    std::string search_trouble_;
};

}  // namespace millrace::engine
