// Dispatcher under made-up schedules of sending, answers, splits, holds and passing time.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <utility>

#include "bridge/engine/dispatcher.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kPartitions = 3;

// Plays the engine: sends only what may be sent, and brings every batch back or settles it.
class Player {
  public:
    Player(std::uint32_t parallel, std::uint64_t seed)
        : parallel_(parallel), dispatcher_(parallel, kPartitions, seed) {}

    // Sends what waits for the partition, or something new.
    bool send(Partition partition, bool something_new) {
        if (!dispatcher_.may_send(partition, now_)) return false;
        RC_ASSERT(now_ >= not_before_);
        RC_ASSERT(!dispatcher_.on_hold());
        auto batch = dispatcher_.next(partition, now_);
        if (batch) {
            taken(*batch, partition);
        } else if (something_new) {
            batch.emplace();
            batch->partition = partition;
            batch->events = {{DeliveryId{++last_}, 0}};
        } else {
            return false;
        }
        launch(std::move(*batch), Errand::score);
        return true;
    }

    void succeed(std::size_t which) {
        if (flights_.empty()) return;
        land(which);
        dispatcher_.succeeded();
        dispatcher_.resume();
        earned_ += RetryBudget::kPerSuccess;
    }

    void fail(std::size_t which, std::size_t kind) {
        if (flights_.empty()) return;
        Flight flight = land(which);
        Answer answer;
        answer.outcome = kind % 2 == 0 ? Outcome::failed : Outcome::throttled;
        if (kind % 3 == 0) answer.retry_after = std::chrono::milliseconds(kind * 10);
        if (answer.retry_after) not_before_ = std::max(not_before_, now_ + *answer.retry_after);
        dispatcher_.failed(answer, flight, now_);
        ++flight.batch.failures;
        flight.batch.suspect = flight.batch.suspect || kind % 7 == 0;
        waiting_.insert(flight.batch.events.front());
        if (!flight.batch.suspect) retrying_.emplace(flight.batch.events.front(), now_);
        dispatcher_.retry(std::move(flight.batch), answer.outcome, now_);
    }

    // As halves of a split do.
    void come_back_first(std::size_t which) {
        if (flights_.empty()) return;
        Flight flight = land(which);
        waiting_.insert(flight.batch.events.front());
        dispatcher_.go_first(std::move(flight.batch));
    }

    void hold() { dispatcher_.hold("refused", now_); }

    bool probe() {
        if (!dispatcher_.probe_due(now_)) return false;
        RC_ASSERT(now_ >= not_before_);
        RC_ASSERT(flights_.empty());
        auto batch = dispatcher_.any();
        RC_ASSERT(batch.has_value() == !waiting_.empty());
        if (!batch) return false;
        forget(*batch);
        launch(std::move(*batch), Errand::probe);
        return true;
    }

    void pass(Duration by) {
        now_ += by;
        earned_ += std::chrono::duration<double>(by).count() * RetryBudget::kPerSecond;
    }

    void check() const {
        RC_ASSERT(dispatcher_.limit() >= 1.0);
        RC_ASSERT(dispatcher_.limit() <= static_cast<double>(parallel_) * kPartitions);
        RC_ASSERT(dispatcher_.in_flight() == flights_.size());
        RC_ASSERT(dispatcher_.waiting() == waiting_.size());
        RC_ASSERT(dispatcher_.next_due(now_) > now_);
        RC_ASSERT(spent_ <= earned_ + 1e-6);
        std::map<Partition, std::uint32_t> flying;
        int suspects = 0;
        for (const auto& [id, flight] : flights_) {
            ++flying[flight.partition];
            suspects += flight.suspect ? 1 : 0;
        }
        for (const auto& [partition, count] : flying) RC_ASSERT(count <= parallel_);
        RC_ASSERT(suspects <= 1);
    }

    // Everything is scored from now on, and the player sleeps until it is told to wake: all that waits comes out.
    void drain() {
        for (int turns = 0; !waiting_.empty() || !flights_.empty(); ++turns) {
            RC_ASSERT(turns < 10'000);
            bool busy = probe();
            for (Partition p = 0; p < kPartitions; ++p) busy = send(p, false) || busy;
            busy = busy || !flights_.empty();
            while (!flights_.empty()) succeed(0);
            check();
            if (busy) continue;
            const Time due = dispatcher_.next_due(now_);
            RC_ASSERT(due != kNever);
            pass(due - now_);
        }
    }

  private:
    struct Flying {
        Partition partition = 0;
        bool suspect = false;
    };

    void launch(Batch batch, Errand errand) {
        const Flying flying{batch.partition, batch.suspect};
        Flight flight;
        flight.batch = std::move(batch);
        flight.errand = errand;
        const RequestId id = dispatcher_.launch(std::move(flight), now_);
        if (!flights_.empty()) RC_ASSERT(id > flights_.rbegin()->first);
        flights_.emplace(id, flying);
    }

    Flight land(std::size_t which) {
        const auto it = std::next(flights_.begin(), static_cast<std::ptrdiff_t>(which % flights_.size()));
        auto flight = dispatcher_.land(it->first);
        flights_.erase(it);
        RC_ASSERT(flight.has_value());
        return std::move(*flight);
    }

    // Each batch that waits is given once, to its own partition, a retry later than it failed and paid for.
    void taken(const Batch& batch, Partition partition) {
        RC_ASSERT(batch.partition == partition);
        const EventRef event = batch.events.front();
        if (const auto retry = retrying_.find(event); retry != retrying_.end()) {
            RC_ASSERT(now_ > retry->second);
            spent_ += 1;
        }
        forget(batch);
    }
    void forget(const Batch& batch) {
        const std::size_t waited = waiting_.erase(batch.events.front());
        RC_ASSERT(waited == 1u);
        retrying_.erase(batch.events.front());
    }

    std::uint32_t parallel_;
    Dispatcher dispatcher_;
    std::map<RequestId, Flying> flights_;
    std::set<EventRef> waiting_;
    std::map<EventRef, Time> retrying_;
    double earned_ = 10;
    double spent_ = 0;
    std::uint64_t last_ = 0;
    Time now_{1h};
    Time not_before_{};
};

}  // namespace

TEST_CASE("dispatcher property: every bound holds under any schedule, and afterwards all that waits comes out") {
    holds([] {
        Player player(*rc::gen::inRange(1u, 5u), *rc::gen::arbitrary<std::uint64_t>());
        for (const auto& [what, a, b] : schedule(12)) {
            if (what < 5) player.send(static_cast<Partition>(a % kPartitions), true);
            if (what == 5 || what == 6) player.succeed(a);
            if (what == 7 || what == 8) player.fail(a, b);
            if (what == 9) player.come_back_first(a);
            if (what == 10) a % 10 == 0 ? player.hold() : static_cast<void>(player.probe());
            if (what == 11) player.pass(std::chrono::milliseconds(a * b / 50));
            player.check();
        }
        player.drain();
    });
}
