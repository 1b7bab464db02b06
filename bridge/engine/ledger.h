// Ledger: every delivery from arrival to settlement. It answers: which events are still ours to work on, and which
// message may be acked now?
//
// One row per open delivery. A row is *touched* when its message arrives and with each in-progress ack, because that is
// when the server starts its ack_wait anew. A row not touched for ack_wait is stale: the server has given the message
// to somebody, so nothing may be published or acked for it any more (SEMANTICS B2). A list in the order of touches
// finds the rows that need one without a search; a message that waited for its turn is put where it came in.
//
// A sequence settled not long ago is remembered, so that a redelivery after a lost ack is acked and not worked again.
//
// Thread: one engine's. Time: told. Bounds: rows and bytes are bounded by the credit the engine gives; remembered
// sequences by `memory`. Not here: it does not publish, and does not know what an endpoint is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/ids.h"
#include "bridge/base/time.h"

namespace millrace::engine {

class Ledger {
  public:
    explicit Ledger(std::size_t memory) : memory_(memory) {}

    // Where a message stands when it arrives.
    enum class Standing {
        fresh,    // a new row was opened
        open,     // it was open already: the row has the newer ack subject and is touched, the events are not new
        settled,  // it was settled before: ack it
    };
    struct Opened {
        Standing standing{};
        DeliveryId id{};
        const Delivery* delivery = nullptr;  // valid until the next `sweep`
    };
    // `due`: since when the server may have wanted to deliver it. `route`: the way its events take, for `size_of`.
    Opened open(std::unique_ptr<Delivery> delivery, Time now, Time due = kNever, std::size_t route = 0);

    // Nothing once the delivery is gone or the event is settled.
    [[nodiscard]] Delivery* find(DeliveryId id);
    [[nodiscard]] Event* find(EventRef ref);
    [[nodiscard]] bool fresh(DeliveryId id, Time now, Duration ack_wait) const;

    // When the delivery arrived, and when it was due at the earliest. Requires: it is open.
    [[nodiscard]] Time opened_at(DeliveryId id) const { return rows_.at(static_cast<std::uint64_t>(id)).opened; }
    [[nodiscard]] Time due_at(DeliveryId id) const { return rows_.at(static_cast<std::uint64_t>(id)).due; }

    // One event of the delivery is settled; what tells of it was stored at `stored_since` at the earliest, if anything
    // does. True when it
    // was the last: the message may be acked, the row is closed and its sequence remembered. Requires: the event is
    // open. The delivery stays readable until `sweep`.
    bool settle(EventRef ref, std::optional<Time> stored_since);
    // Since when something of the delivery is stored; nothing while no event of it is settled.
    [[nodiscard]] std::optional<Time> stored_since(DeliveryId id) const {
        return rows_.at(static_cast<std::uint64_t>(id)).stored_since;
    }
    // A delivery without events: nothing to settle, so it may be acked. Requires: it has none.
    void settle_empty(DeliveryId id);
    // Lets go of a delivery without settling it; it will be delivered again.
    void forget(DeliveryId id) { close(id); }

    // The row that has gone longest without a touch.
    [[nodiscard]] std::optional<std::pair<DeliveryId, Time>> longest_untouched() const;
    void touch(DeliveryId id, Time now);

    // Hands over a delivery closed since the last sweep, for somebody else to keep. Requires: it is one.
    std::unique_ptr<Delivery> take_closed(const Delivery* delivery);
    // Frees the deliveries closed since the last sweep.
    void sweep() { closed_.clear(); }

    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    [[nodiscard]] std::size_t size_of(std::size_t route) const {
        const auto found = of_route_.find(route);
        return found == of_route_.end() ? 0 : found->second;
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }    // as held in memory
    [[nodiscard]] std::size_t events() const { return events_; }  // of open deliveries, settled or not
    [[nodiscard]] std::vector<DeliveryId> ids() const { return {touch_order_.begin(), touch_order_.end()}; }

  private:
    struct Row {
        std::unique_ptr<Delivery> delivery;
        Time opened{};
        Time due{};
        Time touched{};
        std::list<DeliveryId>::iterator place;
        std::vector<bool> settled;  // per event
        std::optional<Time> stored_since;
        std::size_t bytes = 0;  // held in memory when it was opened
        std::size_t open_events = 0;
        std::size_t route = 0;
    };
    struct Place {
        Partition partition = 0;
        std::uint64_t sequence = 0;
        ServerTime stored_at{};  // a stream made anew has other messages under the same sequences
        bool operator==(const Place&) const = default;
    };
    struct PlaceHash {
        std::size_t operator()(const Place& p) const noexcept {
            return p.sequence * 0x9e3779b97f4a7c15ull + p.partition;
        }
    };

    void close(DeliveryId id);
    [[nodiscard]] static Place place_of(const Delivery& delivery) {
        return {delivery.partition, delivery.stream_sequence, delivery.stored_at};
    }
    void remember(Place place);

    std::size_t memory_;
    std::uint64_t last_id_ = 0;
    std::size_t bytes_ = 0;
    std::size_t events_ = 0;
    std::map<std::size_t, std::size_t> of_route_;  // rows
    std::unordered_map<std::uint64_t, Row> rows_;  // by DeliveryId; looked up, never iterated
    std::unordered_map<Place, DeliveryId, PlaceHash> open_;
    std::list<DeliveryId> touch_order_;
    std::unordered_set<Place, PlaceHash> settled_;
    std::deque<Place> settled_order_;
    std::vector<std::unique_ptr<Delivery>> closed_;
};

}  // namespace millrace::engine
