// Search: one look-up at a time, for partitions that were quiet and for publications of unknown fate, until it
// succeeds.
#include "bridge/engine/search.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/bridge/engine/desk.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

struct Bench {
    std::optional<Find> pump(bool connected = true) {
        Effects out;
        search.pump(desk.now, connected, out);
        CHECK(out.size() <= 1);
        return out.empty() ? std::nullopt : std::optional(std::get<Find>(out.front()));
    }
    // The partition that is released by the answer.
    std::optional<Partition> answer(const Find& find, std::vector<Identity> identities = {},
                                    std::optional<Error> error = {}) {
        Effects out;
        const auto released = search.found({find.number, std::move(identities), std::move(error), {}}, desk.now, out);
        desk.count(out);
        return released;
    }
    void want(Partition partition, std::uint64_t above = 0) {
        Find find;
        find.input_above = above;
        search.want_recovery(partition, find);
    }
    // A publication that was sent so long ago that it must be searched for.
    void leave_unsure() {
        desk.send_one(1);
        desk.pass(Desk::kWindow / 2 + 1ns);
        desk.pump();
        desk.pass(5s);
        desk.pump();
    }

    Desk desk;
    Search search{desk.commit, 7};
};

const Error kNoLeader{ErrorCode::unavailable, "no leader"};

}  // namespace

TEST_CASE("search: looks up what a partition's last holder may have stored, then releases it and remembers") {
    Bench bench;
    CHECK(!bench.pump());
    bench.want(3, 10);
    CHECK(bench.search.wants(3));
    const auto find = bench.pump();
    REQUIRE(find);
    CHECK(find->input_above == 10);
    CHECK(!bench.pump());  // one at a time
    const Identity stored = Desk::identity(11, 0);
    CHECK(bench.answer(*find, {stored}) == 3);
    CHECK(!bench.search.wants(3));
    CHECK(bench.search.place_of(3, stored));
    CHECK(!bench.search.place_of(3, Desk::identity(12, 0)));
}

TEST_CASE("search: what is acked is forgotten, and all of it when the stream is another one") {
    Bench bench;
    bench.want(0);
    bench.answer(bench.pump().value(), {Desk::identity(1, 0), Desk::identity(2, 0)});
    Delivery delivery;
    delivery.events.resize(1);
    delivery.events[0].id = Desk::identity(1, 0);
    bench.search.forget(delivery);
    CHECK(!bench.search.place_of(0, Desk::identity(1, 0)));
    CHECK(bench.search.place_of(0, Desk::identity(2, 0)));
    bench.search.forget_known(0);
    CHECK(!bench.search.place_of(0, Desk::identity(2, 0)));
}

TEST_CASE("search: a later recovery of the partition replaces what was known, so that it cannot grow for ever") {
    Bench bench;
    bench.want(0);
    bench.answer(bench.pump().value(), {Desk::identity(1, 0)});
    bench.want(1);
    bench.answer(bench.pump().value(), {Desk::identity(2, 0)});
    bench.want(0);
    bench.answer(bench.pump().value(), {Desk::identity(3, 0)});
    CHECK(!bench.search.place_of(0, Desk::identity(1, 0)));
    CHECK(bench.search.place_of(0, Desk::identity(3, 0)));
    CHECK(bench.search.place_of(1, Desk::identity(2, 0)));
}

TEST_CASE("search: nothing is asked while disconnected, and what was asked before counts as failed") {
    Bench bench;
    bench.want(0);
    CHECK(!bench.pump(false));
    const auto find = bench.pump().value();
    bench.search.disconnected(bench.desk.now);
    CHECK(!bench.answer(find));
    CHECK(bench.search.wants(0));
    bench.desk.now = bench.search.next_due(bench.desk.now);
    const auto again = bench.pump();
    REQUIRE(again);
    CHECK(again->number > find.number);
    CHECK(bench.answer(*again) == 0);
}

TEST_CASE("search: one that fails is repeated after the others had their turn") {
    Bench bench;
    bench.want(0, 1);
    bench.want(1, 2);
    CHECK(!bench.answer(bench.pump().value(), {}, kNoLeader));
    CHECK(!bench.pump());  // after a back-off
    bench.desk.now = bench.search.next_due(bench.desk.now);
    const auto second = bench.pump().value();
    CHECK(second.input_above == 2);
    CHECK(bench.answer(second) == 1);
    const auto third = bench.pump().value();
    CHECK(third.input_above == 1);
    CHECK(bench.answer(third) == 0);
}

TEST_CASE("search: one without an answer is given up after a minute, the next one after two") {
    Bench bench;
    bench.want(0);
    const auto first = bench.pump().value();
    CHECK(bench.search.next_due(bench.desk.now) == bench.desk.now + 1min);
    bench.desk.now += 1min;
    CHECK(!bench.pump());
    bench.desk.now = bench.search.next_due(bench.desk.now);
    const auto second = bench.pump().value();
    CHECK(bench.search.next_due(bench.desk.now) == bench.desk.now + 2min);
    CHECK(!bench.answer(first));  // too late
    CHECK(bench.answer(second) == 0);
}

TEST_CASE("search: a newer wish for the same partition replaces an older one, also one under way") {
    Bench bench;
    bench.want(0, 1);
    const auto old = bench.pump().value();
    bench.want(0, 2);
    const auto anew = bench.pump();
    REQUIRE(anew);
    CHECK(anew->input_above == 2);
    CHECK(!bench.answer(old));
    CHECK(bench.answer(*anew) == 0);
    CHECK(!bench.pump());
}

TEST_CASE("search: what keeps it from succeeding is told at once, what passes after three times, until it succeeds") {
    Bench bench;
    bench.want(0);
    for (int failures = 1; failures <= 3; ++failures) {
        CHECK(bench.search.trouble().empty());
        bench.answer(bench.pump().value(), {}, kNoLeader);
        bench.desk.now = bench.search.next_due(bench.desk.now);
    }
    CHECK(bench.search.trouble() == "no leader");
    bench.answer(bench.pump().value());
    CHECK(bench.search.trouble().empty());
    bench.want(0);
    bench.answer(bench.pump().value(), {}, Error{ErrorCode::misconfigured, "not allowed"});
    CHECK(bench.search.trouble() == "not allowed");
}

TEST_CASE("search: settles a publication of unknown fate when it is found, and has it sent again when it is not") {
    for (const bool stored : {true, false}) {
        Bench bench;
        bench.leave_unsure();
        const auto find = bench.pump();
        REQUIRE(find);
        std::vector<Identity> identities;
        if (stored) identities.push_back(Desk::identity(1, 0));
        CHECK(!bench.answer(*find, identities));
        CHECK(bench.desk.acked.size() == (stored ? 1 : 0));
        CHECK(bench.desk.pump().size() == (stored ? 0 : 1));
    }
}

TEST_CASE("search: recovery comes first, and after a failure the two kinds take turns") {
    Bench bench;
    bench.leave_unsure();
    bench.want(0, 7);
    const auto first = bench.pump().value();
    CHECK(first.input_above == 7);
    bench.answer(first, {}, kNoLeader);
    bench.desk.now = bench.search.next_due(bench.desk.now);
    const auto second = bench.pump().value();
    CHECK(second.from_sequence.has_value());
    bench.answer(second, {}, kNoLeader);
    bench.desk.now = bench.search.next_due(bench.desk.now);
    const auto third = bench.pump().value();
    CHECK(third.input_above == 7);
    bench.answer(third);
    CHECK(bench.pump().value().from_sequence.has_value());
}
