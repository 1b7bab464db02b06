// Engine: the deterministic heart of one pipeline on one shard. `step(input, now) → effects`, and nothing else: no
// thread, clock, socket, lock, log or third-party header. The same inputs at the same times give the same effects.
//
//     Delivered ─▶ ledger ─▶ asker ─▶ Send … Answered ─▶ asker ─▶ commit ─▶ Publish … Stored ─▶ Ack
//
// Each concept is a machine of its own; this file routes between them. Inputs are taken one by one; what they make
// possible (sending, pulling, publishing, in-progress acks) is asked for by the next Tick, so that a burst of
// deliveries becomes one batch and not many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/random.h"
#include "bridge/base/snapshot.h"
#include "bridge/base/time.h"
#include "bridge/engine/asker.h"
#include "bridge/engine/backoff.h"
#include "bridge/engine/commit.h"
#include "bridge/engine/contract.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/input.h"
#include "bridge/engine/ledger.h"
#include "bridge/engine/ordered_commit.h"
#include "bridge/engine/owner.h"
#include "bridge/engine/puller.h"
#include "bridge/engine/recall.h"
#include "bridge/engine/search.h"
#include "bridge/engine/shadow.h"
#include "bridge/engine/trail.h"
#include "bridge/settings/addresses.h"
#include "bridge/settings/settings.h"

namespace millrace::engine {

// What an engine of owned partitions needs besides.
struct Ownership {
    const Rendering* rendering = nullptr;  // outlives the engine
    Digest fingerprint{};                  // of what the configuration means
    bool have_health = false;              // of any pipeline: its endpoint can be asked whether it is well
};

class Engine final : private Keeper {
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
    void on(HealthTold&& in, Time now, Effects& out);
    void on(Reintroduced&& in, Time now, Effects& out);
    void on(ShadowAnswered&& in, Time now, Effects& out);
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

    void unfit(EventRef ref, const Event& event, Effects& out);
    void bar_misfits();
    [[nodiscard]] bool holds(EventRef ref) override;
    void store(EventRef ref, Effects& out) override;
    void commit(EventRef ref, Effects& out);
    void take_told(Effects& out);
    void bury(EventRef ref, Verdict verdict, Effects& out) override;
    void give_back(DeliveryId id, BackoffRule rule, Effects& out) override;
    void work_on(const Delivery& delivery, EventRef ref, Time now, Effects& out);
    void begin(const Delivery& delivery, EventRef ref, Time now, Effects& out);
    void queue(const Delivery& delivery, EventRef ref, Time now);
    void ask_for(const Delivery& delivery, EventRef ref, bool alone, Time now);
    [[nodiscard]] std::size_t route_of(const Delivery& delivery) const;
    [[nodiscard]] Asker& asker_of(RequestId id) { return *askers_[static_cast<std::uint64_t>(id) % askers_.size()]; }
    [[nodiscard]] Asker& asker_of(const Delivery& delivery) { return *askers_[route_of(delivery)]; }
    void halt(std::string name, std::string remedy, Effects& out) override;

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
    [[nodiscard]] bool is_careful() const;
    [[nodiscard]] bool all_noted() const;
    void pump_trials(Time now);
    void go_on_with_trial(Time now);
    void begin_trial(EventRef ref, Time now);
    void read_back(const GotMessage& got, Time now, Effects& out);
    void bound_owned(const Bound& in, Time now, Effects& out);
    void pump_owners(Time now, Effects& out);
    void describe_owners(Snapshot& s) const;
    [[nodiscard]] bool owners_left() const;

    void note_expansion(const Delivery& delivery);
    void made_anew(Partition partition, Effects& out);
    void expire(Time now, Effects& out);
    void keep_in_progress(Time now, Effects& out);
    void let_go(DeliveryId id);
    void let_go_of_all(Effects& out);
    void withhold_acks(Time now, Effects& out, std::size_t from);
    void count_settled(const Effects& out, std::size_t from);
    [[nodiscard]] Puller::Credit in_hand() const;
    [[nodiscard]] Puller::Credit credit() const;
    [[nodiscard]] bool may_pull() const;
    [[nodiscard]] bool is_over_its_share(std::size_t route) const;
    [[nodiscard]] bool all_of_them(bool (Asker::*is)() const) const;
    [[nodiscard]] std::string askers_trouble(Time now) const;
    [[nodiscard]] std::string askers_complaint() const;
    [[nodiscard]] const std::string& lane_of(const Delivery& delivery) const;

    const settings::Pipeline& pipeline_;
    const settings::Routes routes_;
    std::map<std::string, std::size_t, std::less<>> route_of_tenant_;  // of those that are not on the first
    std::vector<Partition> partitions_;
    Puller puller_;
    Ledger ledger_;
    Contracts contracts_;
    Recall recall_;
    Commit commit_;
    std::unique_ptr<Trail> trail_;                // null where nothing is audited
    std::unique_ptr<Shadow> shadow_;              // null where there is none
    std::vector<std::unique_ptr<Asker>> askers_;  // by route
    Search search_;
    std::unique_ptr<OrderedCommit> ordered_;              // null where results are stored in any order
    std::map<Partition, std::unique_ptr<Owner>> owners_;  // empty where partitions are shared
    // Events that are tried one at a time (Owner::careful), in the order in which they came, and the one that is.
    struct Trial {
        EventRef event;
        Partition partition = 0;
        std::uint32_t attempts = 0;  // before
        bool begun = false;
    };
    std::deque<EventRef> trials_;
    std::optional<Trial> trial_;
    const Rendering* rendering_;  // of owned partitions
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
    bool draining_ = false;
    Time drain_deadline_{};
    std::string halt_;
    std::string halt_remedy_;
    std::string bind_trouble_;  // as last told in a note
    std::string sink_trouble_;
    std::string trail_trouble_;
    std::string search_trouble_;
};

}  // namespace millrace::engine
