// OwnedOracle: the promises of the design about owned partitions, checked at the moment something happens, from
// outside. It knows the input, sees what is stored and acked on the model server, and computes what must come of it by
// a Reference of its own. The first broken promise stands.
//
//     settled_once        where events are scored: a floor is above an event only when it has a result stored, once for
//                         ever, or a verdict; never both
//     ordered             where that is asked for, results of one subject are stored in the order of their events
//     aggregate_once      an aggregate is one that the input makes, byte for byte, under one identity, stored once
//                         for ever; in the end none is missing
//     late_once           each event that missed its windows has one copy, each unfit one is one dead letter
//     acked_after_stored  no message is acked before what it and all before it came to is stored
//     covers              … and before a head is stored whose floor it is not above
//     monotone            every head can be read, follows the one before, and goes back in nothing
//     fenced              a head of another owner comes after the lease or a release, and none of an epoch that is
//     over;
//                         what is published was committed before
//     summary             the entry of a group is made of one of its aggregates, which was committed, and never goes
//                         back; in the end it is the newest one published
//     one_tenant          what belongs to a tenant is on its subjects only
//     bounded             what is held unacked is within what is configured
//     no_lying_health     able to work is not said without a connection
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/snapshot.h"
#include "bridge/state/head.h"
#include "tests/sim/head_spotter.h"
#include "tests/sim/oracle.h"
#include "tests/sim/owned_reference.h"
#include "tests/sim/owned_scores.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/trace.h"

namespace millrace::sim {

class OwnedOracle {
  public:
    OwnedOracle(const Plan& plan, const Scheduler& scheduler, Trace& trace, Marks& marks);

    // A message of the input was stored. `tenant` is empty where the subject has none that is usable.
    void published(Partition partition, const std::string& tenant, const StoredMessage& message,
                   const std::vector<OwnedEvent>& events);
    // From now on replicas begin a new generation, and those of the one before halt when they see it.
    void raised(std::uint32_t generation);
    // What lies below was removed from the input.
    void trimmed(std::uint64_t below);
    // These, the head last, are about to be stored as one: the head commits them.
    void stored_together(const std::vector<StoredMessage>& messages);
    void stored(const SimStream& stream, const StoredMessage& message);
    void acked(const SimConsumer& consumer, std::uint64_t sequence);
    void turned(const std::string& replica, bool connected, const Snapshot& snapshot);

    void violate(std::string invariant, std::string text);
    [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
    [[nodiscard]] std::size_t events() const { return events_; }
    // How often what was seen, by name.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& seen() const { return seen_; }

    // What must be stored by now (`idle`: windows that only time closes count as well), in words; empty when all is.
    [[nodiscard]] std::string missing(bool idle) const;
    // The last head of the partition, and when it was stored.
    struct Last {
        state::Head head;
        std::uint64_t sequence = 0;
        ServerTime stored_at{};
        Time seen_at{};
    };
    [[nodiscard]] const Last* last(Partition partition) const;
    // Every message of the partition is below the floor.
    [[nodiscard]] bool caught_up() const;
    // Heads are not compared with those before any more: somebody has put the state, or the input, back.
    void forget_heads() { heads_.clear(); }
    // A halt of this name is what the story is about.
    void expect_halt(std::string name) { expected_halt_ = std::move(name); }

  private:
    // A message of the input.
    struct Received {
        std::string tenant;
        std::uint64_t sequence = 0;
        ServerTime stored_at{};
        std::vector<OwnedEvent> events;
    };
    struct Lane {
        std::uint32_t generation = 1;
        std::uint64_t begins_behind = 0;  // floor of the generation's first head
        std::vector<Received> input;
        std::size_t taken = 0;                     // of the input
        std::uint64_t newest = 0;                  // message of the input
        std::uint64_t floor = 0;                   // greatest stored
        std::map<std::string, std::uint64_t> due;  // by name, with the message by which it must be stored
    };

    void take(Partition partition, Received& message);
    [[nodiscard]] std::string_view bypass_space() const;
    void bypass(const StoredMessage& message);
    void take_settled(Partition partition, const state::Head& head);
    void result(const StoredMessage& message);
    void in_order(const StoredMessage& message);
    void begin(Partition partition, const state::Head& head);
    void commit(const state::OutboxEntry& entry, std::uint32_t generation);
    void aggregate(const StoredMessage& message);
    void compare(const Reference::Key& key, const Reference::Window& window, std::map<std::string, std::string>& body,
                 const StoredMessage& message);
    void summary(const StoredMessage& message);
    [[nodiscard]] std::string summary_missing() const;
    Reference::Key key_in(const StoredMessage& message, std::map<std::string, std::string>& body);
    void known_as(std::string name, const StoredMessage& message, const char* promise);
    void copy(const StoredMessage& message, std::string_view what);
    void head(const SimStream& stream, const StoredMessage& message);
    void check_content(const SimStream& stream, Partition partition, const state::Head& head);
    void condemned(const state::OutboxEntry& entry);
    void check_chain(const SimStream& stream, const state::Head& head);
    void check_copies(const StoredMessage& message);
    [[nodiscard]] std::string name_of(const Reference::Key& key, ServerTime end) const;
    // What is due is named in its generation: an earlier one may have made the same.
    [[nodiscard]] static std::string in_generation(std::uint32_t generation, const std::string& name);

    const Plan& plan_;
    const Scheduler& scheduler_;
    Trace& trace_;
    HeadSpotter spotter_;
    Reference reference_;
    OwnedScores scores_;
    std::map<Partition, Lane> lanes_;
    std::map<Partition, Last> heads_;
    struct Age {
        std::uint32_t generation = 0;
        ServerTime end;
        auto operator<=>(const Age&) const = default;
    };
    struct Newest {
        Age age;
        std::string id;
    };
    struct Entry {
        Age age;
        std::string subject;
        std::string payload;
    };
    std::map<Reference::Key, Newest> newest_;          // of what is published
    std::map<Reference::Key, Entry> entries_;          // of summaries
    std::map<std::string, Reference::Key> key_on_;     // subject of a summary
    std::map<std::uint64_t, Partition> partition_of_;  // of messages of the input
    std::map<std::uint64_t, ServerTime> stored_at_;
    std::map<std::uint64_t, std::string> tenant_of_;
    std::map<std::string, std::string> by_identity_;  // what is stored on the outputs
    std::map<std::string, std::uint32_t> committed_;  // identities in the outbox of a stored head, with its generation
    std::map<std::string, std::string> identity_of_;  // by name of what is stored
    std::map<std::string, std::string> copies_;       // late copies and dead letters that must be, with their subjects
    std::map<std::string, OwnedScores::Place> last_on_;  // by subject and generation of ordered results
    std::map<std::string, std::uint64_t> seen_;
    std::string expected_halt_;
    std::uint32_t generation_ = 1;            // of the replicas that start now
    std::optional<std::uint64_t> begins_at_;  // first message that `start` lets be read
    std::size_t events_ = 0;
    std::optional<Violation> violation_;
};

}  // namespace millrace::sim
