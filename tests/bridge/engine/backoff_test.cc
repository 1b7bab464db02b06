// Backoff and RetryBudget: how long until the next try, and how many tries there may be.
#include "bridge/engine/backoff.h"

#include <doctest/doctest.h>

#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr BackoffRule kRule{50ms, 20s};
constexpr Time kStart{1h};

int take_all(RetryBudget& budget, Time now) {
    int taken = 0;
    while (taken < 1000 && budget.take(now)) ++taken;
    return taken;
}

// The longest of many draws, and the share of them in the lower half.
struct Draws {
    Duration longest{};
    double low = 0;
};
Draws draw(std::uint32_t failures) {
    Random random(1);
    Draws draws;
    constexpr int kMany = 2000;
    const Duration limit = std::min<Duration>(kRule.base * (1ll << (failures - 1)), kRule.cap);
    for (int i = 0; i < kMany; ++i) {
        const Duration wait = backoff(kRule, failures, random);
        draws.longest = std::max(draws.longest, wait);
        draws.low += wait < limit / 2 ? 1.0 / kMany : 0;
    }
    return draws;
}

}  // namespace

TEST_CASE("backoff: the range doubles with each failure, and the whole of it is used") {
    for (std::uint32_t failures = 1; failures <= 9; ++failures) {
        CAPTURE(failures);
        const Duration limit = kRule.base * (1 << (failures - 1));
        const auto [longest, low] = draw(failures);
        CHECK(longest <= limit);
        CHECK(longest > limit * 99 / 100);
        CHECK(low > 0.45);
        CHECK(low < 0.55);
    }
}

TEST_CASE("backoff: never longer than the cap, however many failures") {
    for (const std::uint32_t failures : {10u, 64u, UINT32_MAX}) {
        Random random(failures);
        for (int i = 0; i < 100; ++i) CHECK(backoff(kRule, failures, random) <= kRule.cap);
    }
}

TEST_CASE("backoff property: at least a millisecond, at most the cap or the doubled base, whatever the rule") {
    holds([] {
        const BackoffRule rule{std::chrono::microseconds(*rc::gen::inRange(0, 2'000'000)),
                               std::chrono::microseconds(*rc::gen::inRange(1000, 40'000'000))};
        const auto failures = *rc::gen::inRange<std::uint32_t>(0, 20);
        Random random(*rc::gen::arbitrary<std::uint64_t>());
        const Duration wait = backoff(rule, failures, random);
        RC_ASSERT(wait >= 1ms);
        RC_ASSERT(wait <= rule.cap);
        RC_ASSERT(wait <= std::max<Duration>(1ms, rule.base * (1 << failures)));
    });
}

TEST_CASE("retry budget: ten at first, then three a second") {
    RetryBudget budget;
    CHECK(take_all(budget, kStart) == 10);
    CHECK(take_all(budget, kStart + 999ms) == 2);
    CHECK(take_all(budget, kStart + 1001ms) == 1);
    CHECK(take_all(budget, kStart + 11001ms) == 30);
}

TEST_CASE("retry budget: five successes pay a retry, and savings end at a hundred") {
    RetryBudget budget;
    take_all(budget, kStart);
    for (int i = 0; i < 4; ++i) budget.succeeded();
    CHECK(take_all(budget, kStart) == 0);
    for (int i = 0; i < 2; ++i) budget.succeeded();
    CHECK(take_all(budget, kStart) == 1);
    for (int i = 0; i < 10'000; ++i) budget.succeeded();
    CHECK(take_all(budget, kStart) == 100);
    CHECK(take_all(budget, kStart + 1h) == 100);
}

TEST_CASE("retry budget: says when the next token is there, to the nanosecond") {
    RetryBudget budget;
    CHECK(budget.next(kStart) == kStart);
    take_all(budget, kStart);
    const Time next = budget.next(kStart);
    CHECK(next - kStart > 333ms);
    CHECK(next - kStart < 334ms);
    CHECK(budget.next(kStart + 100ms) - next < 10ns);  // asked later, without a take in between
    CHECK(!budget.take(next - 2ns));
    CHECK(budget.take(next));
}

TEST_CASE("retry budget property: never more than it earned, and what it promises is there") {
    holds([] {
        RetryBudget budget;
        Time now = kStart;
        double earned = 10;
        double taken = 0;
        for (const auto& [what, a, b] : schedule(4)) {
            switch (what) {
                case 0:
                    budget.succeeded();
                    earned += RetryBudget::kPerSuccess;
                    break;
                case 1:
                    now += std::chrono::microseconds(a * b);
                    earned += static_cast<double>(a * b) / 1e6 * RetryBudget::kPerSecond;
                    break;
                case 2: {
                    const Time next = budget.next(now);
                    RC_ASSERT(next >= now);
                    const bool got = budget.take(now);
                    RC_ASSERT(got == (next == now));
                    taken += got ? 1 : 0;
                    break;
                }
                default:
                    taken += take_all(budget, now);
            }
            RC_ASSERT(taken <= earned + 1e-6);
        }
    });
}
