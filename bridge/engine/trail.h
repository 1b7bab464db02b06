// Trail: what a request settles is stored only after it is told which request that was.
//
//     outcome → audit message → PubAck → commit (publish → PubAck → ack)
//
// So there is no stored result, and no acked message, without its trail, whatever crashes when. The other way round it
// is not so: an audit message may tell of what another request settled in the end, after a crash. That does no harm,
// because a result names its request, and where the audit message of it is stored.
//
// An audit message is of one request, or of a part of its events, and names its events' results by their identities,
// which are known before. Its own identity is made of the request's name and of a number, so one that is sent again
// within the duplicate window is stored once; beyond that there are two that say the same.
//
// Trouble delays and never drops: what waits here is kept in progress like any event in hand, and is in the credit.
//
// Thread: one engine's. Time: told. Bounds: events by the ledger; kMostUnanswered messages of kMostEvents each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/stream.h"
#include "bridge/base/time.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/ledger.h"
#include "bridge/engine/sink.h"

namespace millrace::engine {

class Trail {
  public:
    static constexpr Duration kAnswerWithin = std::chrono::seconds(5);
    static constexpr std::size_t kMostUnanswered = 256;
    static constexpr std::size_t kMostEvents = 1000;

    Trail(Ledger& ledger, std::uint64_t seed) : ledger_(ledger), sink_(seed) {}

    // Whether the event waits here.
    [[nodiscard]] bool holds(EventRef event) const { return waiting_.contains(event); }
    // A request has settled the event, as its settlement says. Requires: not held.
    void add(EventRef event);
    // False for what is not the answer to an audit message. Events that are told of now are in `told`.
    bool stored(const Stored& stored, Time now);
    [[nodiscard]] std::vector<EventRef> told() { return std::exchange(told_, {}); }
    // Sends what may be sent; gives up on answers that are late.
    void pump(Time now, bool connected, Effects& out);

    void forget(EventRef event) { waiting_.erase(event); }
    void clear();
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] const Sink& sink() const { return sink_; }
    [[nodiscard]] Time next_due(Time now) const;

  private:
    // Ids from here on are nobody else's: a shadow's and an owner's have the bits above.
    static constexpr std::uint64_t kFirst = std::uint64_t{1} << 61;
    static constexpr std::uint64_t kEnd = std::uint64_t{1} << 62;

    struct Record {
        std::string request;
        std::vector<EventRef> events;
        std::set<std::uint64_t> attempts;  // that may be stored
    };

    void close(std::string request, std::vector<EventRef>&& events);
    void send(std::uint64_t number, Time now, Effects& out);
    void failed(std::uint64_t number, const Error& error, Time now);
    void halve(std::uint64_t number);
    void end(std::uint64_t number);
    // Of the record, those that still wait here.
    [[nodiscard]] std::vector<EventRef> left_of(const Record& record) const;

    Ledger& ledger_;
    Sink sink_;
    std::set<EventRef> waiting_;
    std::map<std::string, std::vector<EventRef>> open_;  // by request: settled since the last pump
    std::map<std::uint64_t, Record> records_;
    std::deque<std::uint64_t> to_send_;
    std::map<std::uint64_t, std::uint64_t> record_of_;               // by attempt
    std::deque<std::pair<Time, std::uint64_t>> waiting_for_answer_;  // attempts in the order sent
    std::set<std::uint64_t> unanswered_;                             // of these, the ones not given up
    std::vector<EventRef> told_;
    std::uint64_t last_record_ = 0;
    std::uint64_t last_attempt_ = kFirst;
    std::optional<Time> homeless_since_;  // no stream takes them
};

}  // namespace millrace::engine
