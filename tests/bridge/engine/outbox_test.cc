// What an outbox does for a summary; of what it publishes otherwise, owner_test tells.
#include "bridge/engine/outbox.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace millrace::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Header> headers(int generation, int second) {
    const std::string digits = std::to_string(second);
    std::string end = "2024-05-01T00:00:00.000000000Z";
    end.replace(19 - digits.size(), digits.size(), digits);
    return {{"Millrace-Generation", std::to_string(generation)}, {"Millrace-Window-End", end}};
}

struct Desk {
    Desk() {
        pipeline.name = "p";
        Aggregate aggregate;
        aggregate.name = "counts";
        aggregate.kv_bucket = "b";
        pipeline.aggregates = {aggregate};
    }

    static state::OutboxEntry entry(const std::string& key, int generation, int second) {
        return {static_cast<std::uint32_t>(summary_output(0)), Identity{}, "$KV.b.p.counts." + key,
                headers(generation, second), key + " " + std::to_string(second)};
    }
    void begin(std::vector<state::OutboxEntry> entries, bool inherited = false) {
        outbox.begin(std::move(entries), {0, 0, 0, 0, 0, 0, 0}, inherited);
        pump();
    }
    void pump() {
        out.clear();
        outbox.pump(now, true, std::chrono::minutes(2), out);
    }
    void pump_after(Duration time) {
        now += time;
        pump();
    }
    template <typename T>
    std::vector<T> asked() const {
        std::vector<T> found;
        for (const Effect& effect : out) {
            if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
        }
        return found;
    }
    Read the_read() const {
        const auto reads = asked<Read>();
        REQUIRE(reads.size() == 1);
        REQUIRE(out.size() == 1);
        return reads[0];
    }
    Write the_write() const {
        const auto writes = asked<Write>();
        REQUIRE(writes.size() == 1);
        REQUIRE(out.size() == 1);
        return writes[0];
    }
    void answer(const Read& read, std::uint64_t sequence, std::vector<Header> found) {
        GotMessage got{read.number, {}, StreamMessage{sequence, {}, read.subject, std::move(found), ""}};
        CHECK(outbox.got(got, now));
        pump();
    }
    void answer_nothing(const Read& read) {
        CHECK(outbox.got({read.number, {}, {}}, now));
        pump();
    }
    void store(const Write& write, std::optional<ErrorCode> error = {}) {
        Stored stored;
        stored.id = write.id;
        stored.sequence = 9;
        if (error) stored.error = Error{*error, "no"};
        CHECK(outbox.stored(stored, now));
        pump();
    }

    settings::Pipeline pipeline;
    Numbers numbers{3};
    Outbox outbox{pipeline, numbers, 1};
    Time now{seconds(100)};
    Effects out;
};

TEST_CASE("summary: a key that is not there is made, and only while it is not") {
    Desk desk;
    desk.begin({Desk::entry("a", 1, 10)});
    const Read read = desk.the_read();
    CHECK(read.from == Read::From::output);
    CHECK(read.output == summary_output(0));
    CHECK(read.which == Read::Which::last);
    CHECK(read.subject == "$KV.b.p.counts.a");
    CHECK(read.partition == 3);
    desk.answer_nothing(read);
    const Write write = desk.the_write();
    CHECK(write.output == summary_output(0));
    CHECK(write.subject == "$KV.b.p.counts.a");
    CHECK(write.payload == "a 10");
    CHECK(write.expected_last_subject_sequence == 0);
    CHECK_FALSE(desk.outbox.confirmed());
    desk.store(write);
    CHECK(desk.outbox.confirmed());
    CHECK(desk.out.empty());
}

TEST_CASE("summary: something older is replaced, while it is the last") {
    Desk desk;
    desk.begin({Desk::entry("a", 2, 10)});
    SUBCASE("an earlier end") { desk.answer(desk.the_read(), 7, headers(2, 9)); }
    SUBCASE("an earlier generation with a later end") { desk.answer(desk.the_read(), 7, headers(1, 50)); }
    SUBCASE("deleted") { desk.answer(desk.the_read(), 7, {{"KV-Operation", "DEL"}}); }
    SUBCASE("purged") { desk.answer(desk.the_read(), 7, {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}}); }
    SUBCASE("put by a person") { desk.answer(desk.the_read(), 7, {}); }
    SUBCASE("damaged") {
        desk.answer(desk.the_read(), 7, {{"Millrace-Generation", "3"}, {"Millrace-Window-End", "tomorrow"}});
    }
    SUBCASE("no number") {
        auto stored = headers(3, 10);
        stored[0].second = "3x";
        desk.answer(desk.the_read(), 7, std::move(stored));
    }
    CHECK(desk.the_write().expected_last_subject_sequence == 7);
}

TEST_CASE("summary: the same or something newer confirms the entry, and nothing is stored") {
    Desk desk;
    desk.begin({Desk::entry("a", 2, 10)});
    SUBCASE("the same") { desk.answer(desk.the_read(), 7, headers(2, 10)); }
    SUBCASE("a later end") { desk.answer(desk.the_read(), 7, headers(2, 11)); }
    SUBCASE("a later generation with an earlier end") { desk.answer(desk.the_read(), 7, headers(10, 1)); }
    CHECK(desk.out.empty());
    CHECK(desk.outbox.confirmed());
}

TEST_CASE("summary: who was overtaken reads again") {
    Desk desk;
    desk.begin({Desk::entry("a", 1, 10)});
    desk.answer(desk.the_read(), 7, headers(1, 9));
    desk.store(desk.the_write(), ErrorCode::conflict);
    CHECK(desk.out.empty());
    CHECK(desk.outbox.trouble().empty());
    desk.pump_after(milliseconds(200));
    SUBCASE("by something newer") {
        desk.answer(desk.the_read(), 8, headers(1, 11));
        CHECK(desk.outbox.confirmed());
    }
    SUBCASE("by something that is still older") {
        desk.answer(desk.the_read(), 8, headers(1, 9));
        CHECK(desk.the_write().expected_last_subject_sequence == 8);
    }
    SUBCASE("by its own earlier attempt") {
        desk.answer(desk.the_read(), 8, headers(1, 10));
        CHECK(desk.outbox.confirmed());
    }
}

TEST_CASE("summary: after an answer that does not come everything is read anew") {
    Desk desk;
    desk.begin({Desk::entry("a", 1, 10)});
    const Read first = desk.the_read();
    SUBCASE("to a read") { desk.pump_after(Outbox::kAnswerWithin); }
    SUBCASE("to a publication") {
        desk.answer_nothing(first);
        desk.the_write();
        desk.pump_after(Outbox::kAnswerWithin);
    }
    SUBCASE("to a publication, because the connection is gone") {
        desk.answer_nothing(first);
        desk.the_write();
        desk.outbox.disconnected();
    }
    SUBCASE("but an error") {
        CHECK(desk.outbox.got({first.number, Error{ErrorCode::unavailable, "no leader"}, {}}, desk.now));
    }
    desk.pump_after(seconds(1));
    CHECK(desk.the_read().number != first.number);
}

TEST_CASE("summary: a late answer to an earlier read is no ground to write on") {
    Desk desk;
    desk.begin({Desk::entry("a", 1, 10)});
    const Read first = desk.the_read();
    desk.pump_after(Outbox::kAnswerWithin);
    desk.pump_after(seconds(1));
    const Read second = desk.the_read();
    desk.answer(first, 7, headers(1, 9));
    CHECK(desk.out.empty());
    desk.answer(second, 8, headers(1, 9));
    const Write write = desk.the_write();
    CHECK(write.expected_last_subject_sequence == 8);
    // And to one that was answered before.
    CHECK_FALSE(desk.outbox.got({second.number, {}, {}}, desk.now));
}

TEST_CASE("summary: a late success of an earlier publication counts") {
    Desk desk;
    desk.begin({Desk::entry("a", 1, 10)});
    desk.answer_nothing(desk.the_read());
    const Write write = desk.the_write();
    desk.pump_after(Outbox::kAnswerWithin);
    desk.pump_after(seconds(1));
    desk.the_read();
    desk.store(write);
    CHECK(desk.outbox.confirmed());
}

TEST_CASE("summary: what an owner before may have stored is compared, not searched for") {
    Desk desk;
    desk.begin({Desk::entry("a", 1, 10)}, true);
    CHECK(desk.asked<Find>().empty());
    desk.answer(desk.the_read(), 7, headers(1, 10));
    CHECK(desk.outbox.confirmed());
    // And later than any duplicate window as well.
    desk.begin({Desk::entry("a", 1, 11)});
    desk.pump_after(std::chrono::hours(1));
    desk.pump_after(seconds(10));
    CHECK(desk.asked<Find>().empty());
    desk.the_read();
}

TEST_CASE("summary: a bucket that refuses is said, and asked more rarely") {
    Desk desk;
    desk.begin({Desk::entry("a", 1, 10)});
    CHECK(desk.outbox.got({desk.the_read().number, Error{ErrorCode::misconfigured, "denied"}, {}}, desk.now));
    CHECK(desk.outbox.trouble() == "denied");
    desk.pump_after(milliseconds(100));
    CHECK(desk.out.empty());
    CHECK(desk.outbox.next_due(desk.now) != kNever);
    desk.pump_after(seconds(31));
    desk.answer_nothing(desk.the_read());
    CHECK(desk.outbox.trouble().empty());
}

TEST_CASE("summary: as many at once as publications") {
    Desk desk;
    std::vector<state::OutboxEntry> entries;
    for (int i = 0; i < 300; ++i) entries.push_back(Desk::entry("k" + std::to_string(i), 1, 10));
    desk.begin(std::move(entries));
    const auto reads = desk.asked<Read>();
    CHECK(reads.size() == Outbox::kMostUnanswered);
    desk.answer_nothing(reads[0]);
    CHECK(desk.asked<Write>().size() == 1);
}

}  // namespace
}  // namespace millrace::engine
