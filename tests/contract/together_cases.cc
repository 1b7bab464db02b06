// A head and what it commits in one atomic batch, where state and outputs share a stream that takes them. An older
// server has none: then a look says so, and there is nothing to hold the model server to.
#include <doctest/doctest.h>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

constexpr auto kCounts = aggregate_output(0);
constexpr std::string_view kHead = "millrace.state.trips.0";

struct OneStream : Bench {
    OneStream() : Bench(owned_trips()) {
        make_input();
        world->create_stream({.name = "OUT",
                              .subjects = {"dead.>", "dead-unroutable.>", "aggregates.>", "millrace.state.>"},
                              .discard = "new",
                              .allow_atomic = true});
        connect();
        bound = look();
        takes_batches = bound.together.size() > index(kCounts) && bound.together[index(kCounts)];
        if (!takes_batches) MESSAGE("this server has no atomic batches");
    }

    static ports::Publication count(std::uint64_t id, std::uint64_t identity_of) {
        return {StoreId{id}, kCounts, "aggregates.a.counts", result_headers(identity_of),
                "count " + std::to_string(id)};
    }
    static ports::Publication head(std::uint64_t id, std::uint64_t expected) {
        return {StoreId{id}, Output::state, std::string(kHead), {}, "head " + std::to_string(id), expected};
    }
    Stored store_together(std::vector<ports::Publication> all) {
        const StoreId id = all.back().id;
        door->publish_together(std::move(all));
        door->flush();
        return await_that<Stored>([&](const Stored& s) { return s.id == id; });
    }
    std::vector<std::string> stored() {
        std::vector<std::string> out;
        for (const auto& message : world->read_stream("OUT")) out.push_back(message.payload);
        return out;
    }

    Bound bound;
    bool takes_batches = false;
};

}  // namespace

TEST_CASE("together: all are stored in their order, and the answer is the last one's") {
    OneStream b;
    if (!b.takes_batches) return;
    const Stored first = b.store_together({b.count(1, 1), b.count(2, 2), b.head(3, 0)});
    REQUIRE_FALSE(first.error);
    CHECK(first.sequence == 3);
    CHECK(b.stored() == std::vector<std::string>{"count 1", "count 2", "head 3"});
    CHECK(b.count_after<Stored>(milliseconds(200)) == 0);
    CHECK_FALSE(b.store_together({b.count(4, 4), b.head(5, 3)}).error);
    CHECK_FALSE(b.store_together({b.head(6, 5)}).error);
    CHECK(b.stored().size() == 6);
}

TEST_CASE("together: none is stored where the head's place is taken") {
    OneStream b;
    if (!b.takes_batches) return;
    REQUIRE_FALSE(b.store_together({b.count(1, 1), b.head(2, 0)}).error);
    const Stored late = b.store_together({b.count(3, 3), b.head(4, 0)});
    REQUIRE(late.error);
    CHECK(late.error->code == ErrorCode::conflict);
    CHECK(late.refused);
    CHECK(b.stored().size() == 2);
}

TEST_CASE("together: none is stored where one is there already, not even of what was stored as a batch before") {
    OneStream b;
    if (!b.takes_batches) return;
    REQUIRE_FALSE(b.store_together({b.count(1, 1), b.head(2, 0)}).error);
    for (const auto expected : {std::uint64_t{2}, std::uint64_t{0}}) {
        const Stored again = b.store_together({b.count(3, 3), b.count(4, 1), b.head(5 + expected, expected)});
        REQUIRE(again.error);
        CHECK(again.refused);
    }
    CHECK(b.stored().size() == 2);
    CHECK_FALSE(b.store_together({b.count(9, 3), b.head(10, 2)}).error);
}

TEST_CASE("together: as many as may be, and not one more") {
    OneStream b;
    if (!b.takes_batches) return;
    std::vector<ports::Publication> all;
    for (std::uint64_t n = 1; n <= kMostTogether; ++n) all.push_back(b.count(n, n));
    all.push_back(b.head(2000, 0));
    const Stored over = b.store_together(all);
    REQUIRE(over.error);
    CHECK(over.error->code != ErrorCode::conflict);
    CHECK(b.stored().empty());
    all.erase(all.begin());
    all.back().id = StoreId{2001};
    CHECK_FALSE(b.store_together(all).error);
    CHECK(b.stored().size() == kMostTogether);
}

TEST_CASE("together: messages as large as a look says") {
    OneStream b;
    if (!b.takes_batches) return;
    auto head = b.head(2, 0);
    head.payload = std::string(b.bound.max_payload, 'x');
    const Stored large = b.store_together({b.count(1, 1), head});
    CHECK_MESSAGE(!large.error, large.error->text);
    head = b.head(3, 2);
    head.payload = std::string(b.bound.max_payload + 100, 'x');
    CHECK(b.store_together({b.count(4, 4), head}).error->code == ErrorCode::too_large);
    CHECK(b.stored().size() == 2);
}

TEST_CASE("together: not said of streams that do not take it, or of another stream than the state's") {
    Bench b(owned_trips());
    StreamSpec state = state_stream();
    state.allow_atomic = true;
    const Bound bound = b.open_owned(state);
    for (std::size_t o = 0; o < bound.together.size(); ++o) {
        if (o != index(Output::state)) CHECK_FALSE(bound.together[o]);
    }
}
