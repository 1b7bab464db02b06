// Commit: from "the event has its outcome" to "its message is acked", in the one order that loses nothing.
//
//     outcome → publish → PubAck → (every event of the message) → ack
//
// A publication without an answer is *ambiguous*: it may be stored. It is sent again with the same identity, so within
// the output stream's duplicate window it is stored once; when the first attempt is older than half that window the
// stream is searched for the identity first. A publication of a stale delivery is never sent.
//
// Of a redelivery the one who had the message before may have published something, and how long ago decides whether the
// window still covers it. A first holder keeps to a rule that bounds it: a message of which something may be stored for
// longer than a quarter of the window is not kept in progress but given back (`overstays`). So what a second holder
// may find stored is at most a quarter of the window, an ack_wait and some slack older than the time when its delivery
// was due; how long it waited for somebody to pull, the engine knows to be less than since it saw that none waited.
// From the third on nothing bounds it but the time when JetStream stored the message. Where the window may be over by
// that measure, the stream is searched before the first attempt. So it is where the first holder comes to publish only
// after almost a window: an in-progress ack may have been lost, and somebody else have published it long ago.
//
// Trouble with the output (engine/sink.h) delays, and never drops. An error that arrives after its attempt was given up
// says nothing: the attempt after it will tell.
//
// Where results are aggregated too, the first stored one is the truth: what turns out to be stored already is settled
// once it was read back (engine/recall.h).
//
// Thread: one engine's. Time: told. Bounds: kMostUnanswered publications in flight; the rest waits here, by reference.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/stream.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/ledger.h"
#include "bridge/engine/recall.h"
#include "bridge/engine/sink.h"
#include "bridge/settings/settings.h"

namespace millrace::engine {

class Commit {
  public:
    static constexpr std::size_t kMostUnanswered = 4096;
    static constexpr Duration kAnswerWithin = std::chrono::seconds(5);

    // `recall`: reads results back; null where nothing is made of them.
    Commit(const settings::Pipeline& pipeline, Ledger& ledger, std::uint64_t seed, Recall* recall = nullptr)
        : pipeline_(pipeline), ledger_(ledger), recall_(recall), sink_(seed) {}

    // Whether the event has its outcome already; what comes later for it does not count.
    [[nodiscard]] bool holds(EventRef event) const { return publications_.contains(event); }
    // A first delivery of which something may be stored for so long that it must be given back. Requires: it is open.
    [[nodiscard]] bool overstays(DeliveryId delivery, Time now) const;

    // What a bind found out about the consumer and the output streams. Of the partitions the shortest times count.
    void limits(const Bound& bound, Time now);
    // The event has its outcome in `settlement`. Requires: not held.
    void store(EventRef event);
    // What tells of the event is known to be stored already. Requires: not held.
    void found(EventRef event, OutputPlace place, Effects& out);
    // What was stored of it first stands in its settlement.
    void recalled(EventRef event, Effects& out);
    // The event has its outcome in `settlement`, and somebody else sees to it that it is stored. Requires: not held.
    void left_to_others(EventRef event, Effects& out) { settle(event, Time{}, false, out); }
    // The event comes to nothing that would tell of it. Requires: not held.
    void nothing_to_store(EventRef event, Effects& out) { settle(event, std::nullopt, false, out); }
    void stored(const Stored& stored, Time now, Effects& out);
    // Sends what may be sent; gives up on answers that are late.
    void pump(Time now, bool connected, Effects& out);
    // Publications whose fate must be searched for before they are sent again. Empty when none or a search is on.
    std::optional<Find> want_search();
    void searched(const Found& found, Effects& out);

    // The result of the event fits nowhere, so it ends as a dead letter.
    static void too_large(Event& event);

    void forget(EventRef event);
    void clear();
    [[nodiscard]] std::size_t size() const { return publications_.size(); }
    // How the outputs take it; OrderedCommit publishes to the same.
    [[nodiscard]] Sink& sink() { return sink_; }
    [[nodiscard]] const Sink& sink() const { return sink_; }
    [[nodiscard]] Time next_due(Time now) const;
    [[nodiscard]] Duration ack_wait() const { return ack_wait_; }
    // A sequence of the output's stream; whatever is sent from now on is stored under a greater one.
    [[nodiscard]] std::uint64_t seen(Output output) const { return seen_[index(output)]; }
    [[nodiscard]] Duration duplicate_window() const { return duplicate_window_; }

  private:
    struct Publication {
        std::optional<Time> maybe_stored_since;           // the first attempt; of a redelivery, somebody else's
        bool by_another = false;                          // somebody else who had the message may have published it
        bool looked_up = false;                           // nobody else had
        bool is_read_back = false;                        // is stored, and being read back
        std::array<std::uint64_t, kEventOutputs> base{};  // every copy of our own has a greater sequence
        std::vector<StoreId> attempts;                    // that may be stored
    };
    struct RefHash {
        std::size_t operator()(const EventRef& r) const noexcept {
            return static_cast<std::size_t>(r.delivery) * 0x9e3779b97f4a7c15ull + r.element;
        }
    };
    struct Limits {
        Duration ack_wait{};
        Duration duplicate_window{};
    };
    struct Attempt {
        EventRef event;
        Output output{};
        bool answered_late = false;  // given up, but a late success still counts
    };

    void send(EventRef event, Time now, Effects& out);
    // Since when another holder of the delivery may have stored something of it.
    [[nodiscard]] Time by_another_since(DeliveryId id) const;
    void settle(EventRef event, std::optional<Time> stored_since, bool duplicate, Effects& out);
    void was_stored(EventRef event, Time stored_since, OutputPlace place, Effects& out);
    void drop(EventRef event);
    void forget_attempts(Publication& publication);

    const settings::Pipeline& pipeline_;
    Ledger& ledger_;
    Recall* recall_;
    std::unordered_map<EventRef, Publication, RefHash> publications_;
    std::unordered_map<std::uint64_t, Attempt> attempts_;      // by StoreId
    std::deque<std::pair<Time, StoreId>> waiting_for_answer_;  // in the order sent
    std::size_t unanswered_ = 0;
    std::deque<EventRef> to_send_;
    std::vector<EventRef> unsure_;
    std::vector<EventRef> searching_;
    std::array<std::uint64_t, kEventOutputs> seen_{};  // greatest sequence known in each output stream
    std::map<Partition, Limits> limits_;
    Duration ack_wait_ = std::chrono::seconds(30);
    Duration duplicate_window_ = std::chrono::minutes(2);
    ServerTime server_at_bind_{};
    Time bound_at_{};
    std::uint64_t last_id_ = 0;
    Sink sink_;
};

}  // namespace millrace::engine
