#include <doctest/doctest.h>

#include <set>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

Found whole_search(Bench& b, Find find) {
    static std::uint64_t number = 0;
    find.number = ++number;
    b.door->find(find);
    b.door->flush();
    Found found = b.await_that<Found>([&](const Found& f) { return f.number == find.number; });
    if (found.error) throw std::runtime_error(found.error->text);
    return found;
}

std::set<Identity> search(Bench& b, Find find) {
    const Found found = whole_search(b, std::move(find));
    return {found.identities.begin(), found.identities.end()};
}

Find everything(Bench& b, std::uint64_t above, std::uint64_t to) {
    Find find;
    find.from_time = b.world->server_now() - seconds(60);
    find.input_above = above;
    find.input_to = to;
    return find;
}

Find from_sequence(std::vector<std::uint64_t> first) {
    Find find;
    find.from_sequence = std::move(first);
    find.input_to = 100;
    return find;
}

}  // namespace

TEST_CASE("find: nothing is stored, nothing is found") {
    Bench b;
    b.open();
    CHECK(search(b, everything(b, 0, 100)).empty());
}

TEST_CASE("find: the pipeline's own results and dead letters in the range, and no others") {
    Bench b;
    b.open();
    for (std::uint64_t i = 1; i <= 6; ++i) CHECK_FALSE(b.store(i, "x", result_headers(i)).error);
    CHECK_FALSE(b.store(7, "x", result_headers(7), "dead.b.trips").error);
    b.world->publish("results.a.trips", "x", result_headers(5, "other"));
    b.world->publish("results.a.trips", "somebody else's");
    const auto found = search(b, everything(b, 2, 5));
    CHECK(found == std::set{identity(3), identity(4), identity(5)});
    const auto dead = search(b, everything(b, 6, 9));
    CHECK(dead == std::set{identity(7)});
}

TEST_CASE("find: a batch is found as the run of events it holds") {
    Bench b;
    b.open();
    const auto batch_of = [](std::string_view pipeline, std::uint64_t first, std::uint64_t last) {
        return std::vector<Header>{{"Millrace-Pipeline", std::string(pipeline)},
                                   {"Millrace-Tenant", "a"},
                                   {"Millrace-Kind", "results"},
                                   {"Millrace-Generation", "2"},
                                   {"Millrace-Partition", "1"},
                                   {"Millrace-First-Sequence", std::to_string(first)},
                                   {"Millrace-First-Element", "3"},
                                   {"Millrace-Last-Sequence", std::to_string(last)},
                                   {"Millrace-Last-Element", "4"}};
    };
    CHECK_FALSE(b.store(1, "x", result_headers(1)).error);
    b.world->publish("results.a.trips", "x", batch_of("trips", 2, 5));
    b.world->publish("results.a.trips", "x", batch_of("trips", 6, 9));
    b.world->publish("results.a.trips", "x", batch_of("other", 6, 9));
    const Found found = whole_search(b, everything(b, 5, 100));
    CHECK(found.identities.empty());
    REQUIRE(found.runs.size() == 1);
    CHECK(found.runs[0].place.output == Output::result);
    CHECK(found.runs[0].generation == 2);
    CHECK(found.runs[0].partition == 1);
    CHECK(found.runs[0].tenant == "a");
    CHECK(found.runs[0].first == EventPlace{6, 3});
    CHECK(found.runs[0].last == EventPlace{9, 4});
}

TEST_CASE("find: from a sequence leaves out what was there before") {
    Bench b;
    b.open();
    for (std::uint64_t i = 1; i <= 4; ++i) CHECK_FALSE(b.store(i, "x", result_headers(i)).error);
    const auto found = search(b, from_sequence({3, 3, 3}));
    CHECK(found == std::set{identity(3), identity(4)});
    CHECK(search(b, from_sequence({5, 5, 5})).empty());
}

TEST_CASE("find: from a time leaves out what was there before") {
    Bench b;
    b.open();
    CHECK_FALSE(b.store(1, "x", result_headers(1)).error);
    b.world->advance(milliseconds(100));
    const auto then = b.world->server_now();
    b.world->advance(milliseconds(100));
    CHECK_FALSE(b.store(2, "x", result_headers(2)).error);
    Find find = everything(b, 0, 100);
    find.from_time = then;
    CHECK(search(b, find) == std::set{identity(2)});
}

TEST_CASE("find: sees all of many") {
    Bench b;
    b.open();
    constexpr std::uint64_t kMany = 1700;
    for (std::uint64_t i = 1; i <= kMany; ++i) {
        b.door->publish({StoreId{i}, Output::result, "results.a.trips", result_headers(i), "x"});
    }
    b.door->flush();
    for (std::uint64_t i = 1; i <= kMany; ++i) b.await<Stored>();
    const auto found = search(b, everything(b, 0, kMany));
    CHECK(found.size() == kMany);
}
