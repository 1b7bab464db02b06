// Oracle: the promises of the design, checked at the moment something happens, from outside.
//
// It is fed by the publisher (what there is), by the fakes (what a replica asks for and when), and by the model server
// (what is stored and acked). It shares no logic with the bridge but the identity function, which is part of the
// promise. The first broken promise stands; what comes after is not looked at.
//
//     settled_once        every event ends as one result or one dead letter, of the identity it must have, stored once
//                         within the duplicate window; one that is not selected as a copy past the model, or as nothing
//     acked_after_stored  no message is acked on the server before each of its events is stored
//     one_tenant          what belongs to a tenant is on its subjects and in its requests only
//     batch_integrity     a result carries the score of its own event
//     in_flight           never more requests than partitions x parallel_requests_per_partition
//     bounded             open deliveries, their bytes and batches within what is configured
//     fresh               nothing is published for a delivery that was not touched for ack_wait
//     conviction          nothing is dead-lettered without the evidence its reason needs
//     patient             nothing is asked of an endpoint before the time it named in Retry-After
//     traced              where requests are audited, nothing that a request settled is stored before an audit message
//                         says so, of the right tenant, event and request
//     no_lying_health     able to work is not said without a connection
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/reason.h"
#include "bridge/base/snapshot.h"
#include "tests/sim/fake_endpoint.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/token.h"
#include "tests/sim/trace.h"

namespace millrace::sim {

// Where differences to a candidate's scores are stored.
inline constexpr std::string_view kShadowStream = "SHADOW";
// Where it is stored which request settled what.
inline constexpr std::string_view kAuditStream = "AUDIT";

struct Violation {
    std::string invariant;
    std::string text;
};

// One event as it was published.
struct Planned {
    std::optional<EventToken> token;  // nothing where it has no readable one
    std::optional<Reason> unfit;      // what decoding must find
    std::string tenant;               // empty when the subject has none that is usable
    bool largest = false;             // in a message as large as the input takes
    bool selected = true;             // by the pipeline's `where`
};

// A message as a process knows it: which, of which making of the input stream.
struct Place {
    Partition partition = 0;
    std::uint64_t sequence = 0;
    ServerTime stream_created{};
    auto operator<=>(const Place&) const = default;
};

// What one process knew: a replica from start to crash. Kept by the replica, filled and read here.
struct Memory {
    std::string name;
    std::map<Place, Time> touched;
    std::vector<Exchange> exchanges;         // as handed out
    std::map<std::string, Time> not_before;  // an address asked for patience
    bool connected = true;
};

class Oracle {
  public:
    Oracle(const Plan& plan, const Scheduler& scheduler, Trace& trace)
        : plan_(plan), scheduler_(scheduler), trace_(trace) {}

    void published(const SimStream& stream, std::uint64_t sequence, std::vector<Planned> events);
    // Somebody deleted the input stream: what is not settled need not be.
    void input_gone();

    // On the server.
    void stored(const SimStream& stream, const StoredMessage& message);
    void acked(std::uint64_t sequence);

    // In a replica.
    void arrived(Memory& memory, const Place& place);
    // An in-progress ack. For a delivery that is stale already it comes too late.
    void progressed(Memory& memory, Partition partition, std::uint64_t sequence);
    void publishing(const Memory& memory, const ports::Publication& publication);
    void requested(const Memory& memory, const ports::HttpRequest& request, const std::vector<EventToken>& events,
                   std::size_t in_flight);
    void answered(Memory& memory, const Exchange& exchange);
    // A copy to the candidate.
    void copied(const Memory& memory, const ports::HttpRequest& request, const std::vector<EventToken>& events,
                std::size_t in_flight);
    void turned(const Memory& memory, const Snapshot& snapshot);

    void violate(std::string invariant, std::string text);
    [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
    [[nodiscard]] std::size_t events() const { return events_.size(); }
    // Events that must end and have not.
    [[nodiscard]] std::size_t unsettled() const { return unsettled_; }
    struct Open {
        std::string name;
        std::uint64_t sequence = 0;
        std::optional<EventToken> token;
    };
    [[nodiscard]] std::vector<Open> open_events() const;
    // Whether the message holds events that are refused for ever.
    [[nodiscard]] bool is_refused(std::uint64_t sequence) const;
    // Stored a second time, and of these as the other kind: only legal beyond the duplicate window.
    [[nodiscard]] std::size_t stored_again() const { return stored_again_; }
    [[nodiscard]] std::size_t stored_as_both() const { return stored_as_both_; }
    // Differences to a candidate's scores.
    [[nodiscard]] std::size_t differences() const { return differences_; }
    // Audit messages.
    [[nodiscard]] std::size_t audits() const { return audits_.size(); }
    // Of dead letters, with their number.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& reasons() const { return reasons_; }

  private:
    struct Known {
        Planned planned;
        Place place;
        std::uint32_t element = 0;
        bool must_end = true;
        std::optional<Output> stored;
        ServerTime stored_at{};
        std::uint64_t copies = 0;
    };

    Known* find(const std::vector<Header>& headers);
    void check_result(const Known& known, const StoredMessage& message);
    void check_bypassed(const Known& known, const StoredMessage& message);
    void check_difference(const StoredMessage& message);
    void audited(const StoredMessage& message);
    void check_trail(const Known& known, const StoredMessage& message);
    void check_dead_letter(const Known& known, const StoredMessage& message);
    void check_address(const Memory& memory, const std::string& url, const std::set<std::string>& tenants);
    void check_conviction(const Memory& memory, const Known& known, Reason reason);
    [[nodiscard]] std::string subject_of(const Known& known, Output output) const;
    [[nodiscard]] static std::string name_of(const Known& known);
    // Nothing is to tell of it.
    [[nodiscard]] bool is_filtered(const Known& known) const;
    // Where what tells of it goes when it is well.
    [[nodiscard]] Output well_output(const Known& known) const;

    const Plan& plan_;
    const Scheduler& scheduler_;
    Trace& trace_;
    std::vector<Known> events_;
    std::map<std::string, std::size_t> by_identity_;
    std::map<std::uint64_t, std::vector<std::size_t>> by_sequence_;
    std::size_t differences_ = 0;
    std::map<std::uint64_t, std::string> audits_;  // bodies, by sequence
    std::map<std::string, std::size_t> by_token_;
    std::map<std::string, std::uint64_t> reasons_;
    std::uint64_t largest_message_ = 0;
    std::size_t unsettled_ = 0;
    std::size_t stored_again_ = 0;
    std::size_t stored_as_both_ = 0;
    std::optional<Violation> violation_;
};

}  // namespace millrace::sim
