// Conviction against the rule in its own words: an event is convicted when the log of what happened since it was last
// cleared shows enough refusals of it alone, each followed by a success of its tenant that was asked for afterwards.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/bridge/engine/court.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> kTenants = {"a", "b"};
constexpr std::uint64_t kEvents = 6;

std::string tenant_of(std::uint64_t event) { return kTenants[event % kTenants.size()]; }

class Trial {
  public:
    explicit Trial(std::string control) : has_control_(!control.empty()), court_(std::move(control)) {}

    void refuse(std::uint64_t event, std::size_t kind) {
        if (is_case(event)) return;
        static constexpr std::array kOutcomes = {Outcome::rejected, Outcome::contract_broken, Outcome::model_raised};
        const Outcome outcome = kOutcomes[kind % kOutcomes.size()];
        court_.accuse(Court::batch(event, tenant_of(event)), refused(outcome));
        log_[event].push_back({.refused = true, .id = court_.last_id});
        needed_[event] = outcome == Outcome::model_raised ? 3 : 2;
        cases_.insert(event);
    }

    void launch(const std::string& tenant) { flying_.push_back({court_.launch(), tenant}); }

    void score(std::size_t which) {
        if (flying_.empty()) return;
        const auto it = flying_.begin() + static_cast<std::ptrdiff_t>(which % flying_.size());
        const auto [id, tenant] = *it;
        flying_.erase(it);
        court_.land_scored(id, tenant);
        scored(id, tenant);
    }

    enum class Reply { scored, refused, failed };
    void witness(Reply reply) {
        const auto wanted = court_.conviction.want_witness(court_.now, 0);
        for (const std::uint64_t event :
             cases_) {  // in order: those before the one it is for, without a row, are parked
            if (!waits(event)) continue;
            if (wanted && tenant_of(event) == wanted->tenant) break;
            if (!knows_a_row(tenant_of(event))) log_[event].clear();
        }
        if (!wanted) return;
        RC_ASSERT(knows_a_row(wanted->tenant));
        if (reply == Reply::scored) {
            const RequestId id = court_.launch();
            court_.land_scored(id, wanted->tenant, Errand::witness);
            return scored(id, wanted->tenant);
        }
        court_.conviction.witness_failed(wanted->tenant, reply == Reply::refused, court_.now);
        if (reply == Reply::failed) return;
        for (const std::uint64_t event : cases_) {
            if (tenant_of(event) == wanted->tenant && waits(event)) log_[event].clear();
        }
    }

    void hold() {
        court_.conviction.held(court_.now);
        for (const std::uint64_t event : cases_) {
            if (!guilty(event)) log_[event].clear();
        }
    }

    void pass(Duration by) { court_.now += by; }

    void judge() {
        std::set<std::uint64_t> expected;
        std::ranges::copy_if(cases_, std::inserter(expected, expected.end()), [&](auto e) { return guilty(e); });
        RC_ASSERT(court_.conviction.over_ratio() == most_of_a_tenant(expected));
        const Numbers convicted = court_.convicted();
        RC_ASSERT(std::set<std::uint64_t>(convicted.begin(), convicted.end()) == expected);
        for (const std::uint64_t event : convicted) done(event);
        RC_ASSERT(court_.conviction.size() == cases_.size());
    }

    // The guilty are not asked about again, and nobody else is kept for longer than five minutes.
    void again() {
        for (const std::uint64_t event : court_.again()) {
            RC_ASSERT(!guilty(event));
            RC_ASSERT(cases_.contains(event));
            cases_.erase(event);
        }
        RC_ASSERT(court_.conviction.size() == cases_.size());
        RC_ASSERT(court_.conviction.next_due(court_.now) > court_.now);
    }

    // The endpoint refuses each event and scores everything else: all of them are convicted in the end.
    void drain() {
        for (int turns = 0; acquitted_so_far() > 0; ++turns) {
            RC_ASSERT(turns < 100);
            again();
            for (std::uint64_t event = 0; event < kEvents; ++event) {
                if (!convicted_.contains(event)) refuse(event, 0);
            }
            for (const std::string& tenant : kTenants) launch(tenant);
            while (!flying_.empty()) score(0);
            judge();
            pass(5min);
        }
    }

  private:
    struct Told {
        bool refused = false;
        std::uint64_t id = 0;  // of a refusal: of the last request launched by then
    };

    void scored(RequestId id, const std::string& tenant) {
        known_.insert(tenant);
        for (const std::uint64_t event : cases_) {
            if (tenant_of(event) == tenant) log_[event].push_back({.id = static_cast<std::uint64_t>(id)});
        }
    }

    [[nodiscard]] bool is_case(std::uint64_t event) const {
        return cases_.contains(event) || convicted_.contains(event);
    }
    [[nodiscard]] bool knows_a_row(const std::string& tenant) const { return has_control_ || known_.contains(tenant); }

    // How many refusals of the event have a success after them, and whether the last one has none.
    [[nodiscard]] std::pair<std::uint32_t, bool> read(std::uint64_t event) const {
        std::uint32_t count = 0;
        std::optional<std::uint64_t> open;
        const auto told = log_.find(event);
        if (told == log_.end()) return {0, false};
        for (const auto& [refused, id] : told->second) {
            if (refused) open = id;
            if (refused || !open || id <= *open) continue;
            ++count;
            open.reset();
        }
        return {count, open.has_value()};
    }
    [[nodiscard]] bool waits(std::uint64_t event) const { return read(event).second; }
    [[nodiscard]] bool guilty(std::uint64_t event) const {
        const auto [count, waiting] = read(event);
        return !waiting && count >= needed_.at(event);
    }

    static std::size_t most_of_a_tenant(const std::set<std::uint64_t>& events) {
        std::map<std::string, std::size_t> count;
        std::size_t most = 0;
        for (const std::uint64_t event : events) most = std::max(most, ++count[tenant_of(event)]);
        return most;
    }
    void done(std::uint64_t event) {
        cases_.erase(event);
        log_.erase(event);
        convicted_.insert(event);
    }
    [[nodiscard]] std::size_t acquitted_so_far() const { return kEvents - convicted_.size(); }

    bool has_control_;
    Court court_;
    std::map<std::uint64_t, std::vector<Told>> log_;
    std::map<std::uint64_t, std::uint32_t> needed_;
    std::set<std::uint64_t> cases_, convicted_;
    std::vector<std::pair<RequestId, std::string>> flying_;
    std::set<std::string> known_;  // tenants something was scored of
};

}  // namespace

TEST_CASE("conviction property: convicted are exactly those with enough refusals, each with a later success") {
    holds([] {
        Trial trial(*rc::gen::element<std::string>("", "control"));
        for (const auto& [what, a, b] : schedule(14)) {
            const auto reply = static_cast<Trial::Reply>(b % 3);
            if (what < 4) trial.refuse(a % kEvents, b);
            if (what == 4) trial.launch(kTenants[a % 2]);
            if (what == 5 || what == 6) trial.score(a);
            if (what == 7 || what == 8) trial.witness(reply);
            if (what == 9) trial.pass(std::chrono::milliseconds(a * b));
            if (what == 10 || what == 11) trial.again();
            if (what == 12) trial.judge();
            if (what == 13 && a % 8 == 0) trial.hold();
        }
        trial.drain();
    });
}
