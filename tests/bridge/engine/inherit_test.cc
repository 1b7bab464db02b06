#include "bridge/engine/inherit.h"

#include <doctest/doctest.h>

#include "bridge/base/stream.h"

namespace millrace::engine {
namespace {

using Places = std::vector<std::uint64_t>;

Aggregate aggregate(const std::string& name, const std::string& bucket = {}) {
    Aggregate made;
    made.name = name;
    made.subject = "aggregates.{tenant}." + name;
    made.kv_bucket = bucket;
    return made;
}

// Aggregates x (0) and y (1); results are index 0, dead letters 1, unroutable 2, copies past the model 3, late 4,
// state 5, x 6, y 8.
settings::Pipeline pipeline() {
    settings::Pipeline made;
    made.name = "p";
    made.dead_letter = {"dead.{tenant}.p", "dead-unroutable.p"};
    made.aggregates = {aggregate("x", "b"), aggregate("y")};
    return made;
}

state::OutboxEntry entry(Output output, const std::string& subject) {
    return {static_cast<std::uint32_t>(output), {}, subject, {}, "{}"};
}

constexpr Output kX = aggregate_output(0);
constexpr Output kY = aggregate_output(1);
const Places kLast(10, 100);
const Places kBase(10, 40);

TEST_CASE("what fits as it is stays as it is, and is looked for from its own place") {
    const auto got = inherit(
        pipeline(),
        {entry(kX, "aggregates.a.x"), entry(summary_output(0), "$KV.b.p.x.a"), entry(Output::dead_letter, "dead.a.p")},
        kBase, kLast);
    REQUIRE(got);
    REQUIRE(got->entries.size() == 3);
    CHECK(got->entries[0].output == index(kX));
    CHECK(got->entries[1].output == index(summary_output(0)));
    CHECK(got->base == Places{100, 40, 100, 100, 100, 100, 40, 40, 100, 100});
}

TEST_CASE("aggregates that have changed places take their entries along, and their place in the stream") {
    settings::Pipeline now = pipeline();
    std::swap(now.aggregates[0], now.aggregates[1]);
    Places base = kBase;
    base[index(kX)] = 7;
    base[index(kY)] = 9;
    const auto got = inherit(now, {entry(kX, "aggregates.a.x"), entry(summary_output(0), "$KV.b.p.x.a")}, base, kLast);
    REQUIRE(got);
    CHECK(got->entries[0].output == index(kY));
    CHECK(got->entries[1].output == index(summary_output(1)));
    CHECK(got->base[index(kY)] == 7);
    CHECK(got->base[index(kX)] == 100);
}

TEST_CASE("a summary that is not wanted any more is left out") {
    settings::Pipeline now = pipeline();
    SUBCASE("none is wanted") { now.aggregates[0].kv_bucket.clear(); }
    SUBCASE("another one is") { now.aggregates[0].kv_bucket = "c"; }
    SUBCASE("no such aggregate") { now.aggregates.erase(now.aggregates.begin()); }
    const auto got = inherit(now, {entry(summary_output(0), "$KV.b.p.x.a")}, kBase, kLast);
    REQUIRE(got);
    CHECK(got->entries.empty());
}

TEST_CASE("an entry that no output has is an error that names its subject") {
    settings::Pipeline now = pipeline();
    now.aggregates.erase(now.aggregates.begin());
    const auto got = inherit(now, {entry(kX, "aggregates.a.x")}, kBase, kLast);
    REQUIRE_FALSE(got);
    CHECK(got.error().text == "aggregates.a.x");
    CHECK_FALSE(inherit(pipeline(), {entry(Output::late, "late.a.p")}, kBase, kLast));
}

TEST_CASE("a place beyond the end of its stream is none") {
    Places base = kBase;
    base[index(kX)] = 101;
    const auto got = inherit(pipeline(), {entry(kX, "aggregates.a.x")}, base, kLast);
    REQUIRE(got);
    CHECK(got->base[index(kX)] == 0);
}

}  // namespace
}  // namespace millrace::engine
