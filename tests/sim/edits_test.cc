#include "tests/sim/edits.h"

#include <doctest/doctest.h>

#include "tests/sim/fault_class.h"
#include "tests/sim/shrink.h"

namespace millrace::sim {
namespace {

TEST_CASE("every kind of fault is in some plan, and is gone when it is taken") {
    for (const auto& one : fault_classes()) {
        CAPTURE(one.name);
        std::uint64_t seed = 1;
        const auto plan_of = [](std::uint64_t n) { return n % 100 == 0 ? Plan::owned_of(n) : Plan::of(n); };
        Plan plan = plan_of(seed);
        while (seed < 20000 && !one.take(plan)) plan = plan_of(++seed);
        CHECK(seed < 20000);
        CHECK_FALSE(one.take(plan));
        CHECK(fault_class(one.name)->name == one.name);
    }
}

TEST_CASE("a plan without faults has none") {
    CHECK(faults_in(Plan::quiet()).empty());
    Edits edits;
    for (const auto& one : fault_classes()) edits.without.emplace_back(one.name);
    for (std::uint64_t seed = 1; seed < 50; ++seed) CHECK(faults_in(edits.plan(seed)).empty());
}

TEST_CASE("the shrinker leaves only what the failure needs") {
    // What "fails" here needs crashes, two replicas, and seven events.
    const auto broken = [](const Plan& plan) {
        const bool fails = plan.troubles.crash.every > Duration::zero() && plan.replicas >= 2 && plan.events >= 7;
        return fails ? std::string("promise") : std::string();
    };
    std::uint64_t seed = 1;
    while (broken(Plan::of(seed)).empty()) ++seed;
    const auto edits = shrink(seed, {}, broken);
    const auto plan = edits.plan(seed);
    CHECK(broken(plan) == "promise");
    CHECK(faults_in(plan) == "crash");
    CHECK(plan.events == 7);
    CHECK(plan.replicas == 2);
    CHECK(plan.tenants.size() == 1);
    CHECK(plan.troubled_for == std::chrono::seconds(1));
}

}  // namespace
}  // namespace millrace::sim
