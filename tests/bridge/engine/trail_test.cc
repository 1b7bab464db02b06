#include "bridge/engine/trail.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::engine;
using std::chrono::seconds;

namespace {

struct Bench {
    // A message whose events were settled by this request.
    std::vector<EventRef> settled(const std::string& request, std::uint32_t events = 1) {
        auto delivery = std::make_unique<Delivery>();
        delivery->stream_sequence = ++sequence;
        delivery->tenant = "acme";
        for (std::uint32_t i = 0; i < events; ++i) {
            Event event;
            event.element = i;
            event.settlement.request_id = request;
            delivery->events.push_back(std::move(event));
        }
        const auto opened = ledger.open(std::move(delivery), now);
        std::vector<EventRef> refs;
        for (std::uint32_t i = 0; i < events; ++i) refs.push_back({opened.id, i});
        for (const EventRef ref : refs) trail.add(ref);
        return refs;
    }
    // What is sent now.
    std::vector<Audit> pump(bool connected = true) {
        Effects out;
        trail.pump(now, connected, out);
        std::vector<Audit> sent;
        for (Effect& effect : out) sent.push_back(std::get<Audit>(std::move(effect)));
        return sent;
    }
    void answer(StoreId id, std::uint64_t at = 7) { CHECK(trail.stored({id, {}, false, at, false}, now)); }
    void refuse(StoreId id, ErrorCode code) { CHECK(trail.stored({id, Error{code, "no"}, true, 0, false}, now)); }

    Ledger ledger{0};
    Trail trail{ledger, 1};
    Time now{std::chrono::hours(1)};
    std::uint64_t sequence = 0;
};

}  // namespace

TEST_CASE("trail: what a request settled waits until it is told of") {
    Bench b;
    const auto refs = b.settled("r-1", 2);
    CHECK(b.trail.holds(refs[0]));
    const auto sent = b.pump();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].request == "r-1");
    CHECK(sent[0].events.size() == 2);
    CHECK(b.trail.told().empty());
    b.answer(sent[0].id, 41);
    CHECK(b.trail.told() == refs);
    CHECK_FALSE(b.trail.holds(refs[1]));
    CHECK(b.ledger.find(refs[1])->settlement.audited == 41);
    CHECK(b.trail.size() == 0);
    CHECK(b.pump().empty());
}

TEST_CASE("trail: a message for each request, and for each part of a large one") {
    Bench b;
    b.settled("r-1");
    b.settled("r-2");
    b.settled("r-1");
    b.settled("r-3", Trail::kMostEvents + 1);
    const auto sent = b.pump();
    REQUIRE(sent.size() == 4);
    CHECK(sent[0].events.size() == 2);
    CHECK(sent[1].request == "r-2");
    CHECK(sent[2].events.size() == Trail::kMostEvents);
    CHECK(sent[3].events.size() == 1);
    CHECK(sent[2].number != sent[3].number);
}

TEST_CASE("trail: what is told of one request at another time is another message") {
    Bench b;
    b.settled("r-1");
    const auto first = b.pump();
    b.settled("r-1");
    const auto second = b.pump();
    REQUIRE(first.size() == 1);
    REQUIRE(second.size() == 1);
    CHECK(first[0].number != second[0].number);
}

TEST_CASE("trail: an answer that does not come is asked for again, under the same number; a late one counts") {
    Bench b;
    const auto refs = b.settled("r-1");
    const auto first = b.pump();
    REQUIRE(first.size() == 1);
    b.now += Trail::kAnswerWithin;
    CHECK(b.pump().empty());  // it backs off
    b.now += seconds(5);
    const auto second = b.pump();
    REQUIRE(second.size() == 1);
    CHECK(second[0].number == first[0].number);
    CHECK(second[0].id != first[0].id);
    b.answer(first[0].id);
    CHECK(b.trail.told() == refs);
    b.answer(second[0].id);  // nothing more comes of it
    CHECK(b.trail.told().empty());
}

TEST_CASE("trail: an error tells nothing, and what waits is sent again") {
    Bench b;
    b.settled("r-1");
    const auto first = b.pump();
    b.refuse(first[0].id, ErrorCode::unavailable);
    CHECK(b.trail.told().empty());
    CHECK(b.trail.size() == 1);
    CHECK(b.trail.next_due(b.now) < b.now + seconds(6));
    b.now += seconds(5);
    CHECK(b.pump(false).empty());
    CHECK(b.pump().size() == 1);
}

TEST_CASE("trail: that no stream takes it is trouble once an election would be over") {
    Bench b;
    b.settled("r-1");
    for (const Time until = b.now + seconds(30); b.now < until; b.now += seconds(1)) {
        for (const Audit& audit : b.pump()) b.refuse(audit.id, ErrorCode::not_found);
        if (b.now + seconds(25) < until) CHECK(b.trail.sink().trouble().empty());
    }
    CHECK(b.trail.sink().trouble() == "audit: no");
    CHECK(b.trail.size() == 1);
}

TEST_CASE("trail: one that is too large is told in halves") {
    Bench b;
    const auto refs = b.settled("r-1", 3);
    const auto whole = b.pump();
    b.refuse(whole[0].id, ErrorCode::too_large);
    const auto halves = b.pump();
    REQUIRE(halves.size() == 2);
    CHECK(halves[0].events.size() == 1);
    CHECK(halves[1].events.size() == 2);
    CHECK(halves[0].number != halves[1].number);
    b.answer(halves[1].id);
    CHECK(b.trail.told() == std::vector<EventRef>{refs[1], refs[2]});
    b.answer(halves[0].id);
    CHECK(b.trail.told() == std::vector<EventRef>{refs[0]});
}

TEST_CASE("trail: what was let go meanwhile is not told of, and nothing waits for it") {
    Bench b;
    const auto gone = b.settled("r-1");
    const auto stays = b.settled("r-1");
    const auto sent = b.pump();
    b.trail.forget(gone[0]);
    b.ledger.forget(gone[0].delivery);
    b.answer(sent[0].id);
    CHECK(b.trail.told() == stays);
    const auto alone = b.settled("r-2");
    b.trail.forget(alone[0]);
    b.ledger.forget(alone[0].delivery);
    CHECK(b.pump().empty());
    CHECK(b.trail.size() == 0);
}

TEST_CASE("trail: no more messages are unanswered than may be") {
    Bench b;
    for (std::size_t i = 0; i < Trail::kMostUnanswered + 5; ++i) b.settled("r-" + std::to_string(i));
    auto sent = b.pump();
    CHECK(sent.size() == Trail::kMostUnanswered);
    for (const Audit& audit : sent) b.answer(audit.id);
    CHECK(b.pump().size() == 5);
}

TEST_CASE("trail: answers to others' publications are none of its own") {
    Bench b;
    CHECK_FALSE(b.trail.stored({StoreId{1}, {}, false, 1, false}, b.now));
    CHECK_FALSE(b.trail.stored({StoreId{std::uint64_t{1} << 62 | 5}, {}, false, 1, false}, b.now));
    CHECK_FALSE(b.trail.stored({StoreId{std::uint64_t{1} << 63 | 5}, {}, false, 1, false}, b.now));
}
