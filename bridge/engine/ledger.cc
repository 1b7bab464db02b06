#include "bridge/engine/ledger.h"

#include <algorithm>
#include <iterator>

#include "bridge/base/check.h"

namespace millrace::engine {

namespace {
std::uint64_t number(DeliveryId id) { return static_cast<std::uint64_t>(id); }
}  // namespace

Ledger::Opened Ledger::open(std::unique_ptr<Delivery> delivery, Time now, Time due, std::size_t route) {
    const Place place = place_of(*delivery);
    if (const auto known = open_.find(place); known != open_.end()) {
        Row& row = rows_.at(number(known->second));
        row.delivery->ack_subject = std::move(delivery->ack_subject);
        row.delivery->delivered = std::max(row.delivery->delivered, delivery->delivered);
        touch(known->second, now);
        return {Standing::open, known->second, row.delivery.get()};
    }
    if (settled_.contains(place)) {
        closed_.push_back(std::move(delivery));
        return {Standing::settled, DeliveryId{}, closed_.back().get()};
    }
    const DeliveryId id{++last_id_};
    Row& row = rows_[number(id)];
    row.settled.assign(delivery->events.size(), false);
    row.open_events = delivery->events.size();
    row.route = route;
    ++of_route_[route];
    row.opened = now;
    row.due = std::min(now, due);
    row.touched = now;
    auto behind = touch_order_.end();  // others may have been touched since it came
    while (behind != touch_order_.begin() && rows_.at(number(*std::prev(behind))).touched > now) --behind;
    row.place = touch_order_.insert(behind, id);
    row.bytes = held_bytes(*delivery);
    bytes_ += row.bytes;
    events_ += row.settled.size();
    row.delivery = std::move(delivery);
    open_.emplace(place, id);
    return {Standing::fresh, id, row.delivery.get()};
}

Delivery* Ledger::find(DeliveryId id) {
    const auto row = rows_.find(number(id));
    return row == rows_.end() ? nullptr : row->second.delivery.get();
}

Event* Ledger::find(EventRef ref) {
    const auto row = rows_.find(number(ref.delivery));
    if (row == rows_.end() || row->second.settled[ref.element]) return nullptr;
    return &row->second.delivery->events[ref.element];
}

bool Ledger::fresh(DeliveryId id, Time now, Duration ack_wait) const {
    const auto row = rows_.find(number(id));
    return row != rows_.end() && now - row->second.touched < ack_wait;
}

bool Ledger::settle(EventRef ref, std::optional<Time> stored_since) {
    Row& row = rows_.at(number(ref.delivery));
    MILLRACE_CHECK(!row.settled[ref.element], "an event is settled once");
    row.settled[ref.element] = true;
    if (stored_since) row.stored_since = std::min(row.stored_since.value_or(*stored_since), *stored_since);
    if (--row.open_events > 0) return false;
    remember(place_of(*row.delivery));
    close(ref.delivery);
    return true;
}

void Ledger::settle_empty(DeliveryId id) {
    const Row& row = rows_.at(number(id));
    MILLRACE_CHECK(row.open_events == 0, "only a delivery without events");
    remember(place_of(*row.delivery));
    close(id);
}

void Ledger::close(DeliveryId id) {
    const auto row = rows_.find(number(id));
    MILLRACE_CHECK(row != rows_.end(), "only an open delivery is closed");
    const Delivery& delivery = *row->second.delivery;
    bytes_ -= row->second.bytes;
    --of_route_[row->second.route];
    events_ -= delivery.events.size();
    open_.erase(place_of(delivery));
    touch_order_.erase(row->second.place);
    closed_.push_back(std::move(row->second.delivery));
    rows_.erase(row);
}

std::unique_ptr<Delivery> Ledger::take_closed(const Delivery* delivery) {
    const auto found = std::ranges::find(closed_, delivery, &std::unique_ptr<Delivery>::get);
    MILLRACE_CHECK(found != closed_.end(), "only what was closed is handed over");
    std::unique_ptr<Delivery> taken = std::move(*found);
    closed_.erase(found);
    return taken;
}

void Ledger::remember(Place place) {
    if (!settled_.insert(place).second) return;
    settled_order_.push_back(place);
    if (settled_order_.size() <= memory_) return;
    settled_.erase(settled_order_.front());
    settled_order_.pop_front();
}

std::optional<std::pair<DeliveryId, Time>> Ledger::longest_untouched() const {
    if (touch_order_.empty()) return std::nullopt;
    const DeliveryId id = touch_order_.front();
    return std::pair{id, rows_.at(number(id)).touched};
}

void Ledger::touch(DeliveryId id, Time now) {
    Row& row = rows_.at(number(id));
    row.touched = now;
    touch_order_.splice(touch_order_.end(), touch_order_, row.place);
}

}  // namespace millrace::engine
