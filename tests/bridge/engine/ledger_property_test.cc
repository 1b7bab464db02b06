// Ledger against a plain list of rows, under made-up schedules of arrivals, settlements, touches and passing time.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/engine/ledger.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMemory = 6;
using Standing = Ledger::Standing;
using Place = std::pair<Partition, std::uint64_t>;

class Model {
  public:
    void arrive(Place place, std::size_t events, std::size_t bytes) {
        const Standing expected = row_of(place) != rows_.end()                           ? Standing::open
                                  : std::ranges::find(settled_, place) != settled_.end() ? Standing::settled
                                                                                         : Standing::fresh;
        auto delivery = std::make_unique<Delivery>();
        delivery->partition = place.first;
        delivery->stream_sequence = place.second;
        delivery->payload = Payload(std::string(bytes, 'x'));
        delivery->events.resize(events);
        const std::size_t held = held_bytes(*delivery);
        const auto opened = ledger_.open(std::move(delivery), now_);
        RC_ASSERT(opened.standing == expected);
        RC_ASSERT(opened.delivery != nullptr);
        if (expected == Standing::open) touched(row_of(place));
        if (expected != Standing::fresh) return;
        const bool unused = ids_.insert(opened.id).second;
        RC_ASSERT(unused);
        if (events == 0) {
            ledger_.settle_empty(opened.id);
            return remember(place);
        }
        Row row{opened.id, place, {}, held, now_};
        for (std::uint32_t i = 0; i < events; ++i) row.open.insert(i);
        rows_.push_back(row);
    }

    void settle(std::size_t which, std::size_t element) {
        if (rows_.empty()) return;
        const auto row = rows_.begin() + static_cast<std::ptrdiff_t>(which % rows_.size());
        const auto event = std::next(row->open.begin(), static_cast<std::ptrdiff_t>(element % row->open.size()));
        const bool may_ack = ledger_.settle({row->id, *event}, now_);
        row->open.erase(event);
        RC_ASSERT(may_ack == row->open.empty());
        if (!may_ack) return;
        remember(row->place);
        rows_.erase(row);
    }

    void forget(std::size_t which) {
        if (rows_.empty()) return;
        const auto row = rows_.begin() + static_cast<std::ptrdiff_t>(which % rows_.size());
        ledger_.forget(row->id);
        rows_.erase(row);
    }

    void touch(std::size_t which) {
        if (rows_.empty()) return;
        const auto row = rows_.begin() + static_cast<std::ptrdiff_t>(which % rows_.size());
        ledger_.touch(row->id, now_);
        touched(row);
    }

    void pass(Duration by) { now_ += by; }
    void sweep() { ledger_.sweep(); }

    void check() {
        std::size_t bytes = 0;
        std::vector<DeliveryId> order;
        for (const Row& row : rows_) {
            bytes += row.bytes;
            order.push_back(row.id);
            RC_ASSERT(ledger_.find(row.id) != nullptr);
            RC_ASSERT(ledger_.fresh(row.id, now_, 1s) == (now_ - row.touched < 1s));
            const auto events = static_cast<std::uint32_t>(ledger_.find(row.id)->events.size());
            for (std::uint32_t i = 0; i < events; ++i)
                RC_ASSERT((ledger_.find(EventRef{row.id, i}) != nullptr) == row.open.contains(i));
        }
        RC_ASSERT(ledger_.size() == rows_.size());
        RC_ASSERT(ledger_.bytes() == bytes);
        RC_ASSERT(ledger_.ids() == order);
        RC_ASSERT(std::ranges::is_sorted(rows_, {}, &Row::touched));
        const auto oldest = ledger_.longest_untouched();
        RC_ASSERT(oldest.has_value() == !rows_.empty());
        if (oldest) RC_ASSERT(oldest->second == rows_.front().touched);
    }

    void drain() {
        while (!rows_.empty()) settle(0, 0);
        check();
    }

  private:
    struct Row {
        DeliveryId id{};
        Place place;
        std::set<std::uint32_t> open;  // elements
        std::size_t bytes = 0;
        Time touched{};
    };
    using Rows = std::vector<Row>;  // in the order of their last touches

    Rows::iterator row_of(Place place) { return std::ranges::find(rows_, place, &Row::place); }
    void touched(Rows::iterator row) {
        row->touched = now_;
        std::rotate(row, row + 1, rows_.end());
    }
    void remember(Place place) {
        settled_.push_back(place);
        if (settled_.size() > kMemory) settled_.pop_front();
    }

    Ledger ledger_{kMemory};
    Rows rows_;
    std::deque<Place> settled_;
    std::set<DeliveryId> ids_;
    Time now_{1h};
};

}  // namespace

TEST_CASE(
    "ledger property: each event settles once, the last offers the ack, touches keep time order, nothing is left") {
    holds([] {
        Model model;
        for (const auto& [what, a, b] : schedule(10)) {
            if (what < 3) model.arrive({a % 2, a % 30}, b % 5, b);
            if (what >= 3 && what < 6) model.settle(a, b);
            if (what == 6) model.forget(a);
            if (what == 7) model.touch(a);
            if (what == 8) model.pass(std::chrono::milliseconds(b));
            if (what == 9) model.sweep();
            model.check();
        }
        model.drain();
    });
}
