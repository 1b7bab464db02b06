// Commit against a made-up output stream, under any order of arrivals, answers, silence, errors and searches.
#include <doctest/doctest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "tests/bridge/engine/desk.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr Duration kWire = 10s;  // a publication arrives within this time, or never

class Stream {
  public:
    void deliver(std::size_t events) {
        const auto count = static_cast<std::uint32_t>(1 + events % 3);
        const DeliveryId id = desk_.deliver(++last_sequence_, count);
        for (std::uint32_t i = 0; i < count; ++i) to_score_.push_back({id, i});
    }
    void score(std::size_t which) {
        if (to_score_.empty()) return;
        const auto it = to_score_.begin() + static_cast<std::ptrdiff_t>(which % to_score_.size());
        if (desk_.ledger.find(*it) != nullptr) desk_.commit.store(*it);
        to_score_.erase(it);
    }
    void pump() {
        Effects out;
        desk_.commit.pump(desk_.now, true, out);
        take(out);
    }

    // The server gets the attempt; within the window it stores an identity once.
    void arrive(std::size_t which) {
        if (sent_.empty()) return;
        Attempt& attempt = pick(which);
        if (attempt.arrived || desk_.now - attempt.at > kWire) return;
        attempt.arrived = true;
        const auto before = stored_.find(attempt.identity);
        if (before != stored_.end()) {
            RC_ASSERT(desk_.now - before->second <= Desk::kWindow);  // later, it would be stored a second time
            return;
        }
        stored_.emplace(attempt.identity, desk_.now);
    }
    // The answer: good only when it arrived; an error says nothing about that.
    void answer(std::size_t which, std::size_t kind) {
        if (sent_.empty()) return;
        const auto it = std::next(sent_.begin(), static_cast<std::ptrdiff_t>(which % sent_.size()));
        std::optional<Error> error;
        if (!it->second.arrived || kind % 4 == 0)
            error = Error{kind % 8 < 4 ? ErrorCode::unavailable : ErrorCode::misconfigured, "no"};
        Effects out;
        desk_.commit.stored({.id = it->first, .error = error, .sequence = 101}, desk_.now, out);
        sent_.erase(it);
        take(out);
    }
    void search(std::size_t kind) {
        const auto find = desk_.commit.want_search();
        if (!find) return;
        Found found;
        if (kind % 3 == 0) found.error = Error{ErrorCode::unavailable, "no"};
        for (const auto& [identity, at] : stored_) found.identities.push_back(identity);
        Effects out;
        desk_.commit.searched(found, out);
        take(out);
    }
    // As the engine does: rows are touched, or go stale and are let go.
    void pass(Duration by, bool touch) {
        desk_.now += by;
        for (const DeliveryId id : desk_.ledger.ids()) {
            if (!desk_.ledger.fresh(id, desk_.now, Desk::kAckWait)) {
                const auto count = static_cast<std::uint32_t>(desk_.ledger.find(id)->events.size());
                for (std::uint32_t i = 0; i < count; ++i) desk_.commit.forget({id, i});
                desk_.ledger.forget(id);
            } else if (touch) {
                desk_.ledger.touch(id, desk_.now);
            }
        }
        desk_.ledger.sweep();
    }

    void heal() {
        while (!to_score_.empty()) score(0);
        for (int turn = 0; turn < 400 && desk_.ledger.size() > 0; ++turn) {
            pump();
            for (std::size_t i = 0; i < sent_.size(); ++i) arrive(i);
            while (!sent_.empty()) answer(0, 1);
            search(1);
            pass(1s, true);
        }
        RC_ASSERT(desk_.ledger.size() == 0u);
        RC_ASSERT(desk_.commit.size() == 0u);
    }

  private:
    struct Attempt {
        Identity identity;
        Time at{};
        bool arrived = false;
    };

    Attempt& pick(std::size_t which) {
        return std::next(sent_.begin(), static_cast<std::ptrdiff_t>(which % sent_.size()))->second;
    }

    void take(const Effects& out) {
        for (const Effect& effect : out) {
            if (const auto* publish = std::get_if<Publish>(&effect)) {
                RC_ASSERT(!settled_.contains(publish->event->id));
                sent_.emplace(publish->id, Attempt{publish->event->id, desk_.now});
            }
            if (const auto* settled = std::get_if<Settled>(&effect)) {
                RC_ASSERT(stored_.contains(settled->event->id));
                const bool is_new = settled_.insert(settled->event->id).second;
                RC_ASSERT(is_new);
            }
            if (const auto* ack = std::get_if<Ack>(&effect)) {
                for (const Event& event : ack->delivery->events) RC_ASSERT(settled_.contains(event.id));
                const bool is_new = acked_.insert(ack->delivery->stream_sequence).second;
                RC_ASSERT(is_new);
            }
        }
    }

    Desk desk_;
    std::map<Identity, Time> stored_;  // and when
    std::map<StoreId, Attempt> sent_;
    std::vector<EventRef> to_score_;
    std::set<Identity> settled_;
    std::set<std::uint64_t> acked_;
    std::uint64_t last_sequence_ = 0;
};

}  // namespace

TEST_CASE("commit property: nothing is settled or acked before it is stored, nothing twice, nothing is left") {
    holds([] {
        Stream stream;
        for (const auto& [what, a, b] : schedule(12)) {
            if (what == 0) stream.deliver(a);
            if (what == 1 || what == 2) stream.score(a);
            if (what == 3 || what == 4) stream.pump();
            if (what == 5 || what == 6) stream.arrive(a);
            if (what == 7 || what == 8) stream.answer(a, b);
            if (what == 9) stream.search(b);
            if (what >= 10) stream.pass(std::chrono::milliseconds(a * (b % 12)), b % 8 != 0);
        }
        stream.heal();
    });
}
