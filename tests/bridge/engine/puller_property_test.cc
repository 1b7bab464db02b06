// Puller and a made-up server: never more asked for than the credit, and never deaf for long.
#include <doctest/doctest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/engine/puller.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kPartitions = 3;
constexpr Duration kLost = kPullHeartbeat * 5 / 2;

class Server {
  public:
    explicit Server(std::uint32_t chunk, std::uint64_t seed) : puller_({0, 1, 2}, chunk, seed), chunk_(chunk) {}

    void pump(std::size_t credit, bool allowed) {
        Effects out;
        puller_.pump({credit, 1 << 20}, 1000, allowed, now_, 1min, out);
        std::size_t asked = 0;
        for (const Effect& effect : out) {
            if (const auto* bind = std::get_if<Bind>(&effect)) binding_.insert(bind->partition);
            if (const auto* pull = std::get_if<PullRequest>(&effect)) asked += take(*pull);
        }
        forget_what_is_over();
        if (asked == 0) return;
        RC_ASSERT(allowed);
        std::size_t outstanding = 0;
        for (const auto& [slot, request] : requests_) outstanding += request.remaining;
        RC_ASSERT(outstanding <= credit);
    }

    void answer_bind(std::size_t which, std::size_t kind) {
        if (binding_.empty()) return;
        const Partition partition = *std::next(binding_.begin(), static_cast<std::ptrdiff_t>(which % binding_.size()));
        binding_.erase(partition);
        if (kind % 3 == 0) {
            const auto code = kind % 2 == 0 ? ErrorCode::unavailable : ErrorCode::not_found;
            return puller_.bind_failed({partition, {code, "no"}}, now_);
        }
        puller_.bound(partition, now_);
    }

    void deliver(std::size_t which) {
        if (requests_.empty()) return;
        const auto it = pick(which);
        puller_.received(it->first.first, it->first.second, 10, now_);
        it->second.heard = now_;
        if (--it->second.remaining == 0) requests_.erase(it);
    }

    void tell(std::size_t which, std::size_t kind) {
        if (requests_.empty()) return;
        static const std::vector<std::pair<int, std::string>> kStatuses = {{100, ""},
                                                                           {100, ""},
                                                                           {404, ""},
                                                                           {408, ""},
                                                                           {409, "Leadership Change"},
                                                                           {409, "Batch Completed"},
                                                                           {409, "Consumer Deleted"},
                                                                           {503, ""}};
        const auto it = pick(which);
        const auto& [code, text] = kStatuses[kind % kStatuses.size()];
        // Sometimes of the slot's request before, which says nothing.
        const bool late = kind % 5 == 0;
        puller_.status({it->first.first, it->first.second, it->second.number - (late ? 1 : 0), code, text}, now_);
        if (late) return;
        if (code == 100) {
            it->second.heard = now_;
        } else {
            requests_.erase(it);
        }
    }

    void disconnect() {
        puller_.disconnected(now_);
        binding_.clear();
    }
    void reconnect() { puller_.reconnected(now_); }
    void pass(Duration by) { now_ += by; }

    // All is well from now on: soon every partition is asked for all there is room for, and stays so.
    void heal() {
        reconnect();
        for (const Time end = now_ + 2min; now_ < end; pass(1s)) {
            while (!binding_.empty()) answer_bind(0, 1);
            for (auto& [slot, request] : requests_) {
                request.heard = now_;
                puller_.status({slot.first, slot.second, request.number, 100, ""}, now_);
            }
            pump(100 * chunk_, true);
            RC_ASSERT(puller_.next_due(now_) > now_);
        }
        RC_ASSERT(puller_.bound_count() == kPartitions);
        RC_ASSERT(puller_.trouble().empty());
        RC_ASSERT(requests_.size() == kPartitions * kPullSlots);
    }

  private:
    using Slot = std::pair<Partition, std::uint32_t>;
    struct Request {
        std::uint64_t number = 0;
        std::size_t remaining = 0;
        Time heard{};
        Time ends{};
    };

    std::size_t take(const PullRequest& pull) {
        RC_ASSERT(puller_.takes(pull.partition));
        RC_ASSERT(pull.slot < kPullSlots);
        RC_ASSERT(pull.batch >= 1u);
        RC_ASSERT(pull.batch <= chunk_);
        std::uint64_t& last = numbers_[{pull.partition, pull.slot}];
        RC_ASSERT(pull.number == last + 1);
        last = pull.number;
        requests_[{pull.partition, pull.slot}] = {pull.number, pull.batch, now_, now_ + pull.expires + pull.heartbeat};
        return pull.batch;
    }

    // By the words of the header: lost, long expired, or of a partition that is looked up again.
    void forget_what_is_over() {
        std::erase_if(requests_, [&](const auto& one) {
            const auto& [slot, request] = one;
            return now_ - request.heard > kLost || now_ > request.ends || !puller_.takes(slot.first);
        });
    }

    std::map<Slot, Request>::iterator pick(std::size_t which) {
        return std::next(requests_.begin(), static_cast<std::ptrdiff_t>(which % requests_.size()));
    }

    Puller puller_;
    std::uint32_t chunk_;
    std::map<Slot, Request> requests_;
    std::map<Slot, std::uint64_t> numbers_;
    std::set<Partition> binding_;
    Time now_{1h};
};

}  // namespace

TEST_CASE("puller property: never asks for more than the credit, and is never deaf once all is well") {
    holds([] {
        Server server(*rc::gen::inRange(1u, 40u), *rc::gen::arbitrary<std::uint64_t>());
        for (const auto& [what, a, b] : schedule(12)) {
            if (what < 3) server.pump(a % 300, b % 10 != 0);
            if (what == 3 || what == 4) server.answer_bind(a, b);
            if (what >= 5 && what < 8) server.deliver(a);
            if (what == 8 || what == 9) server.tell(a, b);
            if (what == 10) server.pass(std::chrono::milliseconds(a * (b % 20)));
            if (what == 11 && a % 9 == 0) b % 2 == 0 ? server.disconnect() : server.reconnect();
        }
        server.heal();
    });
}
