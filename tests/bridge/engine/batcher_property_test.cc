// Batcher against a slow, obvious model, under made-up schedules of add, take and passing time.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "bridge/engine/batcher.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

// Every lane is a plain list of what was added and not yet taken.
class Model {
  public:
    struct Item {
        EventRef event;
        std::size_t bytes = 0;
        bool single = false;
        Time added{};
    };
    using Lane = std::deque<Item>;
    using Where = std::pair<Partition, std::string>;

    explicit Model(BatchLimits limits) : limits_(limits), batcher_(limits) {}

    void add(const Where& where, std::size_t bytes, bool single) {
        const EventRef event{DeliveryId{++last_}, 0};
        lanes_[where].push_back({event, bytes, single, now_});
        batcher_.add(where.first, where.second, event, bytes, single, now_);
    }

    void take(Partition partition, bool flush, std::uint32_t most) {
        std::vector<std::string> waiting;  // tenants that could be served
        for (const auto& [where, lane] : lanes_) {
            if (where.first == partition && (flush || ready(lane))) waiting.push_back(where.second);
        }
        const auto batch = batcher_.take(partition, now_, flush, most);
        if (batch) batcher_.turns().launched(batch->tenant);
        RC_ASSERT(batch.has_value() == !waiting.empty());
        if (batch) {
            RC_ASSERT(batch->partition == partition);
            RC_ASSERT(std::ranges::find(waiting, batch->tenant) != waiting.end());
            remove({partition, batch->tenant}, *batch, std::min(most, limits_.count));
            check_turn(waiting, batch->tenant);
        }
        check_size();
    }

    void pass(Duration by) { now_ += by; }

    // The one time that matters to an engine that sleeps: the next lane that becomes ready by waiting.
    void check_due() const {
        Time due = kNever;
        for (const auto& [where, lane] : lanes_) {
            if (limits_.wait == 0s) continue;
            const Time at = lane.front().added + limits_.wait;
            if (at > now_) due = std::min(due, at);
        }
        RC_ASSERT(batcher_.next_due(now_) == due);
    }

    void drain() {
        for (Partition partition = 0; partition < 2; ++partition) {
            while (batcher_.size() > 0) {
                const auto before = batcher_.size();
                take(partition, true, UINT32_MAX);
                if (batcher_.size() == before) break;
            }
        }
        RC_ASSERT(lanes_.empty());
        RC_ASSERT(batcher_.size() == 0u);
    }

  private:
    [[nodiscard]] bool ready(const Lane& lane) const {
        std::size_t bytes = 0;
        for (const Item& item : lane) bytes += item.bytes;
        return lane.front().single || now_ - lane.front().added >= limits_.wait || lane.size() >= limits_.count ||
               bytes >= limits_.bytes;
    }

    // The batch is the front of the lane, in order, as long as the limits allow and not longer.
    void remove(const Where& where, const Batch& batch, std::uint32_t most) {
        Lane& lane = lanes_.at(where);
        RC_ASSERT(!batch.events.empty());
        RC_ASSERT(batch.events.size() <= std::max(1u, most));
        std::size_t bytes = 0;
        bool single = false;
        for (const EventRef event : batch.events) {
            RC_ASSERT(!lane.empty());
            RC_ASSERT(lane.front().event == event);
            bytes += lane.front().bytes;
            single = single || lane.front().single;
            lane.pop_front();
        }
        RC_ASSERT(bytes <= limits_.bytes || batch.events.size() == 1);
        RC_ASSERT(!single || batch.events.size() == 1);
        const bool more_would_fit = !lane.empty() && !lane.front().single && !single && batch.events.size() < most &&
                                    bytes + lane.front().bytes <= limits_.bytes;
        RC_ASSERT(!more_would_fit);
        if (lane.empty()) lanes_.erase(where);
    }

    // Tenants take turns, over all partitions: while it could be served, none is passed over more than twice by each of
    // the others, once by who was before it and once by who came level, and in each partition.
    void check_turn(const std::vector<std::string>& waiting, const std::string& served) {
        passed_over_[served] = 0;
        for (const std::string& tenant : waiting) {
            if (tenant == served) continue;
            RC_ASSERT(++passed_over_[tenant] <= 4 * (kTenants.size() - 1));
        }
    }

    void check_size() const {
        std::size_t size = 0;
        for (const auto& [where, lane] : lanes_) size += lane.size();
        RC_ASSERT(batcher_.size() == size);
    }

  public:
    static constexpr std::array<const char*, 4> kTenants = {"a", "b", "c", "d"};

  private:
    BatchLimits limits_;
    Batcher batcher_;
    std::map<Where, Lane> lanes_;
    std::map<std::string, std::size_t> passed_over_;
    std::uint64_t last_ = 0;
    Time now_{1h};
};

void play(Model& model, const std::vector<Move>& moves) {
    for (const auto& [what, a, b] : moves) {
        switch (what) {
            case 0:
            case 1:
            case 2:
                model.add({a % 2, Model::kTenants[a / 2 % 4]}, b % 60, b % 11 == 0);
                break;
            case 3:
                model.take(a % 2, false, UINT32_MAX);
                break;
            case 4:
                model.take(a % 2, b % 2 == 0, static_cast<std::uint32_t>(b % 7));
                break;
            default:
                model.pass(std::chrono::milliseconds(a));
        }
        model.check_due();
    }
}

}  // namespace

TEST_CASE("batcher property: batches are the fronts of their lanes, inside every limit, and tenants take turns") {
    holds([] {
        const BatchLimits limits{*rc::gen::inRange(1u, 8u), *rc::gen::inRange<std::uint64_t>(1, 150),
                                 std::chrono::milliseconds(*rc::gen::element(0, 0, 700, 3000))};
        Model model(limits);
        play(model, schedule(6));
        model.drain();
    });
}
