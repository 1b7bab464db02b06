// Conviction: which events the endpoint's answers may be held against (SEMANTICS F2, F3).
//
// An event refused alone is *accused*. Then a witness of the same tenant (a mate, or a row that was scored before, or
// the configured control row) must be scored by a request sent to the same address after that answer, and the event be
// refused alone again: so it was refused on both sides of a success, and is to blame. One refusal and a later success
// would not do: the endpoint may have been mended in between. Answers that mean "the model raised", and transient
// failures of a suspect, are needed three times, each followed by a witness; a witness that fails clears the suspects,
// for then the endpoint is shaky.
//
// Without a witness, and while the endpoint is on hold, the blame may lie with the endpoint: the event is *parked*,
// what was held against it is void, and it is tried again later.
//
// Convicted events wait until the tenant's share of verdicts over its last kWindow settled events allows one more, so
// that a bad deployment cannot empty a stream into dead letters.
//
// Thread: one engine's. Time: told. Bounds: accused events are open deliveries; of tenants, what was learned about the
// last kMaxTenants is kept.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/ids.h"
#include "bridge/base/outcome.h"
#include "bridge/base/time.h"
#include "bridge/engine/dispatcher.h"

namespace millrace::engine {

class Conviction {
  public:
    static constexpr std::size_t kWindow = 100;  // settled events of a tenant the ratio is taken over
    static constexpr std::size_t kMaxTenants = 4096;
    static constexpr std::uint32_t kInVain = 2;         // parkings after which an event without a witness is given up
    static constexpr std::uint32_t kHopeless = 8;       // accusations in a row, nothing scored
    static constexpr std::size_t kRowBytes = 64 << 20;  // of all rows remembered as good; the oldest tenants' go first

    Conviction(double max_ratio, std::string control_row) : max_ratio_(max_ratio), control_(std::move(control_row)) {}

    struct Case {
        Batch batch;      // the event alone
        Verdict verdict;  // when it is convicted
    };

    // `flight` brought its one event alone and was answered with `answer`. Requests up to `last_launched` are no
    // witness.
    void accuse(Flight flight, const Answer& answer, RequestId last_launched);
    // So many accusations and nothing scored, of anyone: for people to know.
    [[nodiscard]] bool hopeless() const { return unanswered_ >= kHopeless; }
    // The event never fits what the endpoint takes. It needs no witness, but the ratio's leave, and is never sent.
    void misfit(Batch batch, Verdict verdict);
    // Of misfits that wait for that, in words; empty for none.
    [[nodiscard]] std::string complaint() const;
    // The same of the tenant.
    [[nodiscard]] bool hopeless(const std::string& tenant) const;
    // The tenant's events wait for a while, and those of others go on: a bad deployment refuses everybody's, and each
    // tenant tries it now and then; a tenant with nothing but bad events stands in nobody's way.
    void rest(const std::string& tenant, Time now);
    // Hopeless at once: what was scored before is refused.
    void despair(const std::string& tenant, Time now);
    [[nodiscard]] bool rests(const std::string& tenant, Time now) const;

    // A request was scored. Its first row becomes the tenant's last good row. `row` is copied.
    void scored(const Flight& flight, const Answer& answer, std::string_view row, Time now);
    // A row of the tenant was scored, here or elsewhere: it may be asked for as a witness. Copied.
    void remember(const std::string& tenant, std::string_view row);
    // A witness came back without being scored: those it was for are parked when it was refused, asked again otherwise.
    void witness_failed(const std::string& tenant, bool refused, Time now, std::size_t address = 0);
    // The address is out: no answer of it counts.
    void held(Time now, std::size_t address = 0);
    // The address does not work and others do: what it said is void, and its events may go there.
    void left(std::size_t address);

    // Cases with enough answers and a witness: convicted. Those the ratio does not allow yet stay.
    std::vector<Case> convicted();
    // Cases with a witness that need another answer, cleared suspects, and parked ones that are due: to be sent again.
    std::vector<Batch> again(Time now);

    struct WitnessWanted {
        std::string tenant;
        std::string row;
        std::size_t address = 0;  // whose answer it is to back
    };
    // The next witness to send on the partition, for a case there or for a doubt anywhere, to an address that admits
    // it; the caller sends it. Cases of tenants without a row to witness with are parked.
    using Admits = std::function<bool(std::size_t)>;
    std::optional<WitnessWanted> want_witness(
        Time now, Partition partition, const Admits& admits = [](std::size_t) { return true; });
    // Something keeps failing and nothing was scored in between: a witness is to tell whether the endpoint works at
    // all. False when there is no row to ask with.
    bool doubt(const std::string& tenant, std::size_t address = 0);
    // A row known to be good, if possible the tenant's.
    [[nodiscard]] std::optional<WitnessWanted> good_row(const std::string& tenant) const;

    // Events parked again and again that have no row to witness with; they stop being cases.
    std::vector<EventRef> without_witness();

    // An event of the tenant was settled; `dead` when by a verdict.
    void settled(const std::string& tenant, bool dead);
    // Convicted, but over the ratio: how many wait for the tenant that waits most.
    [[nodiscard]] std::size_t over_ratio() const;

    [[nodiscard]] std::size_t size() const { return cases_.size() + misfits_.size(); }
    // The event of a case, for a probe when nothing else is there; it stops being a case.
    std::optional<Batch> any();
    void forget(EventRef event) {
        cases_.erase(event);
        misfits_.erase(event);
    }
    void clear();
    [[nodiscard]] Time next_due(Time now) const;

  private:
    enum class Stage { waiting, witnessed, parked, cleared };
    struct Accused {
        Case the_case;
        Stage stage = Stage::waiting;
        bool transient = false;
        std::uint32_t needed = 1;
        RequestId last_launched{};
        std::size_t address = 0;
        std::string deployment;
        std::uint32_t elsewhere = 0;  // witnesses that another deployment scored
        Time again_at{};
    };
    struct Record {
        std::bitset<kWindow> dead;
        std::size_t next = 0;

        // How many verdicts one more would make.
        [[nodiscard]] std::size_t with_one_more() const { return dead.count() + (dead[next] ? 0 : 1); }
    };

    // What was learned about one tenant.
    struct Tenant {
        std::string good_row;  // last one scored; empty for none
        Time witness_not_before{};
        std::uint32_t unanswered = 0;  // accusations since a row of its own was scored
        Record record;
    };

    Tenant& entry(const std::string& name);
    [[nodiscard]] const Tenant* known(const std::string& name) const;
    // The tenant's last good row, or the control row; empty for none.
    [[nodiscard]] const std::string& witness_row(const std::string& name) const;
    [[nodiscard]] bool may_witness(const std::string& name, Time now) const;

    template <typename Pred>
    std::vector<Case> extract(Pred pred);
    // A witness failed: the address is shaky, and no suspect can be blamed.
    void faltered(std::size_t address);
    static void park(Accused& accused, Time now);
    // Nothing is held against it any more, and it is sent again.
    static void clear(Accused& accused);
    [[nodiscard]] static bool proven(const Accused& accused);
    [[nodiscard]] bool allows(const std::string& tenant) const;

    double max_ratio_;
    std::string control_;
    std::map<EventRef, Accused> cases_;
    std::map<EventRef, Case> misfits_;
    std::map<std::string, Tenant> tenants_;
    std::deque<std::string> tenants_order_;  // oldest first
    std::size_t row_bytes_ = 0;              // of the good rows
    std::string last_scored_;                // the tenant
    std::set<std::string> witness_flying_;
    std::set<std::pair<std::string, std::size_t>> doubts_;  // with the address
    std::map<std::string, Time> resting_;                   // until when
    std::uint32_t unanswered_ = 0;                          // accusations since anything was scored
};

}  // namespace millrace::engine
