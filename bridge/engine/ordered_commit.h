// OrderedCommit: what Commit is, where the results of a tenant are stored in the order of its events (SEMANTICS C9).
//
// Each tenant of a partition has a *lane*: its events in hand, in stream order. What is scored is published from the
// front of the lane, by itself or as many in a row as there are, with one publication of the lane unanswered at a time
// and only while the last message of its subject is the one we know (compare-and-set). So a subject grows by one owner
// and in one order, whatever is lost, late or sent twice; and its last message tells how far the lane is stored:
// everything up to there, and nothing behind it. That message is read before the first event of a lane is worked on,
// and again when somebody else turns out to have stored one. An event that is stored already is not asked about again.
//
// What ends as a dead letter must not be published once something behind it is stored, nor be taken for stored. So its
// verdict is committed by the partition's owner first; until then the lane waits in front of it.
//
// Where results are aggregated too, what is stored counts (SEMANTICS C8): it is read back, or scored once more and not
// published where nobody knows where it lies.
//
// Thread: one engine's. Time: told. Bounds: events by the ledger; one publication a lane; kMostReads reads. A lane
// without events is remembered for its place, up to kMostIdle of a partition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/ids.h"
#include "bridge/base/stream.h"
#include "bridge/engine/commit.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/ledger.h"
#include "bridge/engine/recall.h"
#include "bridge/engine/rendering.h"
#include "bridge/engine/retry.h"
#include "bridge/engine/search.h"
#include "bridge/engine/sink.h"
#include "bridge/settings/settings.h"

namespace millrace::engine {

class OrderedCommit {
  public:
    static constexpr Duration kAnswerWithin = std::chrono::seconds(5);
    static constexpr std::size_t kMostUnanswered = 4096;
    static constexpr std::size_t kMostReads = 64;
    static constexpr std::size_t kMostIdle = 10'000;
    static constexpr std::size_t kMostInBatch = 1000;
    static constexpr std::size_t kMostBatchBytes = 1 << 20;

    // All outlive it. `recall`: reads results back; null where nothing is made of them.
    OrderedCommit(const settings::Pipeline& pipeline, Ledger& ledger, Sink& sink, const Search& search, Recall* recall,
                  const Rendering& rendering, std::uint64_t seed)
        : pipeline_(pipeline),
          ledger_(ledger),
          sink_(sink),
          search_(search),
          recall_(recall),
          rendering_(rendering),
          retry_(seed) {}

    // Whether it is of a lane. What has no tenant has no results either.
    [[nodiscard]] static bool orders(const Delivery& delivery) { return !delivery.tenant.empty(); }

    void limits(const Bound& bound);
    // What is known of the partition's lanes holds for this epoch of ours; 0: for none.
    void owned_as(Partition partition, std::uint64_t epoch);
    // The event is in hand, behind all before it. Requires: it is of a lane.
    void expect(EventRef event, Effects& out);
    // Of those, the ones that are to be worked on now, since the last call.
    [[nodiscard]] std::vector<EventRef> cleared() { return std::exchange(cleared_, {}); }
    // Whether the event has its outcome already; what comes later for it does not count.
    [[nodiscard]] bool holds(EventRef event);
    // The event has its outcome in `settlement`: a score, a verdict. Requires: not held.
    void store(EventRef event, Effects& out);
    // Verdicts that are to be committed, since the last call.
    [[nodiscard]] std::vector<EventRef> condemned() { return std::exchange(condemned_, {}); }
    // A head is stored that tells of the verdict.
    void committed(EventRef event, Effects& out);
    // What was stored of it first stands in its settlement, or cannot be read.
    void recalled(EventRef event, Effects& out);
    void unread(EventRef event);

    void stored(const Stored& stored, Time now, Effects& out);
    // False when it is not about ours.
    bool got(const GotMessage& got, Time now, Effects& out);
    void pump(Time now, bool connected, Effects& out);
    void disconnected();

    void forget(EventRef event);
    void clear();
    // Results that are not stored yet.
    [[nodiscard]] std::size_t size() const { return scored_; }
    // Of the results' stream; whatever is published from now on has a greater one.
    [[nodiscard]] std::uint64_t seen() const { return seen_; }
    // Why the last messages cannot be read; empty when they can.
    [[nodiscard]] const std::string& trouble() const { return retry_.trouble(); }
    [[nodiscard]] Time next_due(Time now) const;

  private:
    enum class Standing {
        unclear,    // whether it is stored is not known
        open,       // is worked on
        scored,     // waits for those before it, or is being published
        condemned,  // its verdict is being committed
        recalled,   // is stored, and being read back
        settled,
    };
    struct Slot {
        EventRef event;
        EventPlace place;
        Standing standing = Standing::unclear;
    };
    struct Lane {
        Partition partition = 0;
        std::string tenant;
        std::string subject;
        std::deque<Slot> slots;  // in the order of their places
        bool known = false;      // what is stored
        bool reading = false;
        bool queued = false;              // for its turn to read or to publish
        std::uint64_t last = 0;           // message of the subject; 0: none
        std::optional<EventPlace> up_to;  // stored
        std::optional<StoredRun> newest;  // what the last message holds
        std::vector<EventRef> run;        // being published; the same until its fate is known
        EventPlace run_end;
        std::optional<StoreId> attempt;  // unanswered
        std::vector<StoreId> attempts;   // of the run, that may be stored
        std::size_t most = kMostInBatch;
    };
    struct House {  // a partition
        std::uint64_t epoch = 0;
        std::unordered_map<std::string, Lane> lanes;  // by tenant
        std::size_t sweep_at = kMostIdle;
    };

    Lane* find_lane(const Delivery& delivery);
    Lane& lane_of(const Delivery& delivery);
    static Slot* slot_in(Lane& lane, EventPlace place);
    // Null where the delivery or the slot is gone.
    std::pair<Lane*, Slot*> find(EventRef event);
    static bool is_stored(const Lane& lane, EventPlace place) { return lane.up_to && place <= *lane.up_to; }
    void wake(Lane& lane);
    void read_last(Lane& lane, Time now, Effects& out);
    void publish_lanes(Time now, Effects& out);
    void publish(Lane& lane, Time now, Effects& out);
    void cut_run(Lane& lane);
    void learnt(Lane& lane, Effects& out);
    void place_in(Lane& lane, Slot& slot, Effects& out);
    [[nodiscard]] std::optional<OutputPlace> where_stored(const Lane& lane, const Slot& slot, const Event& event) const;
    void already_stored(Lane& lane, Slot& slot, Effects& out);
    void settle(Slot& slot, bool duplicate, Effects& out);
    void run_stored(Lane& lane, const Stored& stored, Effects& out);
    void run_too_large(Lane& lane);
    void end_run(Lane& lane);
    void give_up(Lane& lane);
    void reset(Partition partition);
    static void sweep(House& house);

    const settings::Pipeline& pipeline_;
    Ledger& ledger_;
    Sink& sink_;
    const Search& search_;
    Recall* recall_;
    const Rendering& rendering_;
    Retry retry_;
    std::map<Partition, House> houses_;
    std::deque<Lane*> to_read_;
    std::deque<Lane*> to_publish_;
    std::unordered_map<std::uint64_t, Lane*> attempts_;        // by StoreId
    std::deque<std::pair<Time, StoreId>> waiting_for_answer_;  // in the order sent
    std::map<std::uint64_t, std::pair<Lane*, Time>> reads_;    // by number, which is their order; given up then
    std::vector<EventRef> cleared_;
    std::vector<EventRef> condemned_;
    std::size_t unanswered_ = 0;
    std::size_t scored_ = 0;
    std::uint64_t last_id_ = 0;
    std::uint64_t read_number_ = kOurReads;
    Time read_again_{};
    std::uint64_t seen_ = 0;
    std::size_t max_payload_ = 1 << 20;

    static constexpr std::uint64_t kOurReads = std::uint64_t{1} << 62;  // tells them from Recall's
};

}  // namespace millrace::engine
