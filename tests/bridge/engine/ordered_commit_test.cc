// Results in the order of their events: what is published when, and what the last message of a subject proves.
#include "bridge/engine/ordered_commit.h"

#include <doctest/doctest.h>

#include <variant>

#include "estate.h"

using namespace millrace;
using namespace millrace::engine;

namespace {

// Its messages say which results they hold.
struct NumberedRendering final : engine::Rendering {
    state::OutboxEntry aggregate(Partition, const windows::Closed&) const override { return {}; }
    state::OutboxEntry summary(Partition, const windows::Closed&) const override { return {}; }
    state::OutboxEntry dead_letter(const Delivery&, const Event&) const override { return {}; }
    state::OutboxEntry bypassed(const Delivery&, const Event&) const override { return {}; }
    state::OutboxEntry late(const Delivery&, const Event&, Fate) const override { return {}; }
    std::string result_subject(Partition, const std::string& tenant) const override { return "results." + tenant; }
    std::optional<StoredRun> results_in(Partition partition, const StreamMessage& message) const override {
        if (message.payload.empty()) return {};  // somebody else's
        const auto sequence = std::stoull(message.payload);
        return StoredRun{{Output::result, message.sequence}, 1, partition, {}, {sequence, 0}, {sequence, 0}};
    }
    bool read_back(const StreamMessage&, const Delivery&, Event&) const override { return false; }
    void add_score_values(Event&) const override {}
};

struct Lanes {
    explicit Lanes(settings::ResultsAs as = settings::ResultsAs::event) {
        pipeline.ordered = true;
        pipeline.results.as = as;
        ordered.owned_as(0, 1);
    }

    EventRef expect(std::uint64_t sequence, const std::string& tenant = "acme") {
        auto delivery = std::make_unique<Delivery>();
        delivery->stream_sequence = sequence;
        delivery->tenant = tenant;
        delivery->events.resize(1);
        const EventRef ref{ledger.open(std::move(delivery), now).id, 0};
        ordered.expect(ref, out);
        return ref;
    }
    void score(EventRef ref) {
        ledger.find(ref)->settlement.score = "1";
        ordered.store(ref, out);
    }
    void condemn(EventRef ref) {
        ledger.find(ref)->settlement.verdict = Verdict{Reason::rejected, "no", 0, {}};
        ordered.store(ref, out);
    }

    // What is asked for since the last call, of one kind.
    template <typename Effect>
    std::vector<Effect> take() {
        ordered.pump(now, connected, out);
        std::vector<Effect> taken;
        for (auto& effect : out) {
            if (auto* one = std::get_if<Effect>(&effect)) taken.push_back(std::move(*one));
        }
        out.clear();
        return taken;
    }
    // The last message of the lane that is read next: of the event with this sequence, or none.
    void last_is(std::uint64_t stored_at, std::uint64_t event) {
        const auto reads = take<Read>();
        REQUIRE(reads.size() == 1);
        CHECK(reads[0].which == Read::Which::last);
        GotMessage got{reads[0].number, {}, {}};
        if (stored_at > 0) got.message = {stored_at, {}, reads[0].subject, {}, std::to_string(event)};
        REQUIRE(ordered.got(got, now, out));
    }
    void stored(StoreId id, std::uint64_t sequence, bool duplicate = false) {
        ordered.stored({id, {}, false, sequence, duplicate}, now, out);
    }
    void refused(StoreId id, ErrorCode code) { ordered.stored({id, Error{code, "no"}, true, 0, false}, now, out); }

    static std::vector<std::uint64_t> sequences(const PublishInOrder& publication) {
        std::vector<std::uint64_t> all;
        for (const auto& [delivery, event] : publication.results) all.push_back(delivery->stream_sequence);
        return all;
    }

    settings::Pipeline pipeline;
    Time now{std::chrono::seconds(1000)};
    bool connected = true;
    Effects out;
    Ledger ledger{0};
    Sink sink{1};
    Commit commit{pipeline, ledger, 2};
    Search search{commit, 3};
    NumberedRendering rendering;
    OrderedCommit ordered{pipeline, ledger, sink, search, nullptr, rendering, 4};
};

using Sequences = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("ordered commit: nothing is worked on before the last message of its subject is read") {
    Lanes lanes;
    const EventRef first = lanes.expect(7);
    const EventRef second = lanes.expect(8);
    CHECK(lanes.ordered.cleared().empty());
    SUBCASE("nothing is stored") {
        lanes.last_is(0, 0);
        CHECK(lanes.ordered.cleared() == std::vector{first, second});
    }
    SUBCASE("the first is stored: it is settled, and not asked about again") {
        lanes.last_is(40, 7);
        CHECK(lanes.ordered.cleared() == std::vector{second});
        const auto settled = lanes.take<Settled>();
        REQUIRE(settled.size() == 1);
        CHECK(settled[0].duplicate);
        CHECK(lanes.ledger.find(first) == nullptr);
    }
    SUBCASE("the last message is of somebody else") {
        const auto reads = lanes.take<Read>();
        lanes.ordered.got({reads.at(0).number, {}, StreamMessage{40, {}, {}, {}, {}}}, lanes.now, lanes.out);
        CHECK(lanes.ordered.cleared() == std::vector{first, second});
        lanes.score(first);
        CHECK(lanes.take<PublishInOrder>().at(0).expected_last_subject_sequence == 40);
    }
    SUBCASE("the answer is an error: it is read again later") {
        const auto reads = lanes.take<Read>();
        lanes.ordered.got({reads.at(0).number, Error{ErrorCode::unavailable, "no"}, {}}, lanes.now, lanes.out);
        CHECK(lanes.take<Read>().empty());
        lanes.now += std::chrono::seconds(10);
        lanes.last_is(0, 0);
        CHECK(lanes.ordered.cleared().size() == 2);
    }
    SUBCASE("no answer comes") {
        CHECK(lanes.take<Read>().size() == 1);
        lanes.now += OrderedCommit::kAnswerWithin;
        lanes.last_is(0, 0);
        CHECK(lanes.ordered.cleared().size() == 2);
    }
    SUBCASE("the connection goes") {
        CHECK(lanes.take<Read>().size() == 1);
        lanes.ordered.disconnected();
        lanes.last_is(0, 0);
        CHECK(lanes.ordered.cleared().size() == 2);
    }
}

TEST_CASE("ordered commit: one publication of a lane is unanswered, and lanes do not wait for each other") {
    Lanes lanes;
    const EventRef first = lanes.expect(1);
    const EventRef second = lanes.expect(2);
    lanes.last_is(0, 0);
    const EventRef other = lanes.expect(3, "beta");
    lanes.last_is(0, 0);
    lanes.score(second);
    CHECK(lanes.take<PublishInOrder>().empty());  // the first has no score yet
    lanes.score(other);
    CHECK(Lanes::sequences(lanes.take<PublishInOrder>().at(0)) == Sequences{3});
    lanes.score(first);
    const auto published = lanes.take<PublishInOrder>();
    REQUIRE(published.size() == 1);
    CHECK(Lanes::sequences(published[0]) == Sequences{1});
    CHECK(published[0].expected_last_subject_sequence == 0);
    CHECK(lanes.take<PublishInOrder>().empty());
    lanes.stored(published[0].id, 50);
    const auto next = lanes.take<PublishInOrder>();
    REQUIRE(next.size() == 1);
    CHECK(Lanes::sequences(next[0]) == Sequences{2});
    CHECK(next[0].expected_last_subject_sequence == 50);
}

TEST_CASE("ordered commit: a lost answer changes nothing of what is sent again") {
    Lanes lanes(settings::ResultsAs::batch);
    const EventRef first = lanes.expect(1);
    const EventRef second = lanes.expect(2);
    lanes.last_is(0, 0);
    lanes.score(first);
    const auto sent = lanes.take<PublishInOrder>();
    lanes.score(second);
    lanes.now += OrderedCommit::kAnswerWithin;
    CHECK(lanes.take<PublishInOrder>().empty());
    lanes.now += std::chrono::seconds(5);
    const auto again = lanes.take<PublishInOrder>();
    REQUIRE(again.size() == 1);
    CHECK(Lanes::sequences(again[0]) == Sequences{1});  // and not the second with it
    CHECK(again[0].expected_last_subject_sequence == 0);
    SUBCASE("the first attempt's answer comes after all") {
        lanes.stored(sent.at(0).id, 9);
        CHECK(lanes.ledger.find(first) == nullptr);
        CHECK(Lanes::sequences(lanes.take<PublishInOrder>().at(0)) == Sequences{2});
        lanes.stored(again[0].id, 9, true);  // says nothing any more
        CHECK(lanes.ledger.find(second) != nullptr);
    }
    SUBCASE("it was stored, and is forgotten by the stream: the last message tells") {
        lanes.refused(again[0].id, ErrorCode::conflict);
        lanes.last_is(9, 1);
        CHECK(lanes.ledger.find(first) == nullptr);
        const auto next = lanes.take<PublishInOrder>();
        CHECK(Lanes::sequences(next.at(0)) == Sequences{2});
        CHECK(next.at(0).expected_last_subject_sequence == 9);
    }
    SUBCASE("an old error says nothing") {
        lanes.refused(sent.at(0).id, ErrorCode::conflict);
        CHECK(lanes.take<Read>().empty());
    }
}

TEST_CASE("ordered commit: a verdict holds those behind it until it is committed") {
    Lanes lanes;
    const EventRef bad = lanes.expect(1);
    const EventRef good = lanes.expect(2);
    lanes.last_is(0, 0);
    lanes.score(good);
    lanes.condemn(bad);
    CHECK(lanes.take<PublishInOrder>().empty());
    CHECK(lanes.ordered.condemned() == std::vector{bad});
    CHECK(lanes.ledger.find(bad) != nullptr);
    lanes.ordered.committed(bad, lanes.out);
    CHECK(lanes.ledger.find(bad) == nullptr);
    CHECK(Lanes::sequences(lanes.take<PublishInOrder>().at(0)) == Sequences{2});
}

TEST_CASE("ordered commit: batches are what is there in a row, and no more than fits") {
    Lanes lanes(settings::ResultsAs::batch);
    std::vector<EventRef> events;
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) events.push_back(lanes.expect(sequence));
    lanes.last_is(0, 0);
    for (const std::size_t i : {0u, 1u, 2u, 4u}) lanes.score(events[i]);
    const auto sent = lanes.take<PublishInOrder>();
    CHECK(Lanes::sequences(sent.at(0)) == Sequences{1, 2, 3});  // the fourth is not scored
    SUBCASE("too large: halved until it fits") {
        lanes.refused(sent[0].id, ErrorCode::too_large);
        const auto less = lanes.take<PublishInOrder>();
        CHECK(Lanes::sequences(less.at(0)) == Sequences{1});
        lanes.refused(less[0].id, ErrorCode::too_large);
        CHECK(lanes.ordered.condemned() == std::vector{events[0]});
        CHECK(lanes.ledger.find(events[0])->settlement.verdict->reason == Reason::result_too_large);
    }
    SUBCASE("more than a payload takes is cut beforehand") {
        Bound bound;
        bound.max_payload = 2048 + 2 * 100;
        lanes.ordered.limits(bound);
        lanes.stored(sent[0].id, 1);
        lanes.score(events[3]);
        CHECK(Lanes::sequences(lanes.take<PublishInOrder>().at(0)) == Sequences{4, 5});
    }
    SUBCASE("refused for another reason: what has come meanwhile goes along") {
        lanes.refused(sent[0].id, ErrorCode::unavailable);
        lanes.score(events[3]);
        lanes.now += std::chrono::seconds(5);
        CHECK(Lanes::sequences(lanes.take<PublishInOrder>().at(0)) == Sequences{1, 2, 3, 4, 5});
    }
}

TEST_CASE("ordered commit: another epoch knows nothing of what was stored in the one before") {
    Lanes lanes;
    const EventRef event = lanes.expect(1);
    lanes.last_is(0, 0);
    lanes.score(event);
    const auto sent = lanes.take<PublishInOrder>();
    lanes.ordered.forget(event);
    lanes.ledger.forget(event.delivery);
    lanes.ordered.owned_as(0, 0);
    CHECK(lanes.ordered.size() == 0);
    lanes.stored(sent.at(0).id, 5);
    lanes.ordered.owned_as(0, 2);
    const EventRef again = lanes.expect(1);
    lanes.last_is(5, 1);
    CHECK(lanes.ledger.find(again) == nullptr);
}
