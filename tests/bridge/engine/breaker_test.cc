// Breaker and chooser: when an address is asked, and which.
#include "bridge/engine/breaker.h"

#include <doctest/doctest.h>

#include <vector>

#include "bridge/engine/chooser.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1h};

Answer failure(std::optional<Duration> retry_after = {}) {
    Answer answer;
    answer.outcome = Outcome::failed;
    answer.retry_after = retry_after;
    return answer;
}

// Fails `times` in a row, each as soon as it may be asked again.
Time fail(Breaker& breaker, int times, Time now, Random& random) {
    for (int i = 0; i < times; ++i) {
        now = std::max(now, breaker.next_due());
        breaker.launched();
        breaker.landed();
        breaker.failed(failure(), now, now, random);
    }
    return now;
}

std::vector<std::size_t> asked(Chooser& chooser, std::vector<bool> up, std::vector<bool> free, int times) {
    std::vector<std::size_t> out;
    const auto is_up = [&](std::size_t i) { return bool(up[i]); };
    const auto is_free = [&](std::size_t i) { return up[i] && free[i]; };
    for (int i = 0; i < times; ++i) {
        const auto one = chooser.choose(is_up, is_free);
        if (!one) break;
        chooser.asked(*one, is_free);
        out.push_back(*one);
    }
    return out;
}

}  // namespace

TEST_CASE("breaker: closed until it failed five times in a row, then open, then half open for one at a time") {
    Random random(3);
    Breaker breaker(4);
    for (int i = 0; i < 50; ++i) breaker.succeeded(1);
    CHECK(breaker.limit() == 4.0);
    Time now = fail(breaker, 4, kStart, random);
    CHECK(breaker.state(now) == AddressState::closed);
    CHECK_FALSE(breaker.is_down());
    now = fail(breaker, 1, now, random);
    CHECK(breaker.is_down());
    CHECK(breaker.state(now) == AddressState::open);
    CHECK_FALSE(breaker.admits(now));
    now = breaker.next_due();
    CHECK(breaker.state(now) == AddressState::half_open);
    CHECK(breaker.admits(now));
    breaker.launched();
    CHECK_FALSE(breaker.admits(now));
    breaker.landed();
    breaker.succeeded(2);
    CHECK(breaker.state(now) == AddressState::closed);
}

TEST_CASE("breaker: Retry-After is obeyed to the moment") {
    Random random(3);
    Breaker breaker(4);
    breaker.failed(failure(7s), kStart, kStart, random);
    CHECK_FALSE(breaker.admits(kStart + 7s - 1ns));
    CHECK(breaker.admits(kStart + 7s));
}

TEST_CASE("breaker: one that can be asked for its health says that it is well before it gets a request again") {
    Random random(3);
    Breaker breaker(4, true);
    Time now = fail(breaker, 5, kStart, random);
    CHECK_FALSE(breaker.wants_check(now));
    now = breaker.next_due();
    CHECK(breaker.wants_check(now));
    CHECK_FALSE(breaker.admits(now));
    breaker.check_sent();
    CHECK_FALSE(breaker.wants_check(now));
    breaker.checked(false, now, random);
    CHECK(breaker.next_due() > now);
    now = breaker.next_due();
    CHECK(breaker.wants_check(now));
    breaker.check_sent();
    breaker.checked(true, now, random);
    CHECK(breaker.admits(now));
    breaker.launched();
    breaker.landed();
    breaker.failed(failure(), now, now, random);  // it said so, and was not
    now = breaker.next_due();
    CHECK_FALSE(breaker.admits(now));
    CHECK(breaker.wants_check(now));
}

TEST_CASE("breaker: one that is out is probed, later each time, and a success takes it in") {
    Random random(3);
    Breaker breaker(4);
    breaker.hold("HTTP 401", kStart, random);
    CHECK(breaker.state(kStart) == AddressState::out);
    CHECK_FALSE(breaker.admits(kStart + 24h));
    Time now = breaker.next_due();
    CHECK(now >= kStart + 24s);
    CHECK(breaker.probe_due(now));
    breaker.launched();
    breaker.landed();
    breaker.hold("HTTP 401", now, random);
    CHECK_FALSE(breaker.probe_due(now));
    CHECK(breaker.next_due() > now + 24s);
    CHECK(breaker.resume());
    CHECK(breaker.admits(breaker.next_due()));
}

TEST_CASE("chooser: failover asks the first that is up, and waits for it while it is busy") {
    Chooser chooser(settings::Selection::failover, {1, 1, 1});
    CHECK(asked(chooser, {true, true, true}, {true, true, true}, 2) == std::vector<std::size_t>{0, 0});
    CHECK(asked(chooser, {false, true, true}, {true, true, true}, 2) == std::vector<std::size_t>{1, 1});
    CHECK(asked(chooser, {true, true, true}, {false, true, true}, 1).empty());
    CHECK(asked(chooser, {false, false, false}, {true, true, true}, 1).empty());
}

TEST_CASE("chooser: weights are interleaved") {
    Chooser chooser(settings::Selection::weights, {3, 1});
    CHECK(asked(chooser, {true, true}, {true, true}, 8) == std::vector<std::size_t>{0, 0, 1, 0, 0, 0, 1, 0});
}

TEST_CASE("chooser property: each address gets its share of what it was free for, to within one request a neighbour") {
    holds([] {
        const auto count = *rc::gen::inRange<std::size_t>(1, 6);
        std::vector<std::uint32_t> weights;
        double sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += weights.emplace_back(*rc::gen::inRange(1u, 20u));
        Chooser chooser(settings::Selection::weights, weights);
        // Some are down for good; the others share by their weights among themselves.
        std::vector<bool> up;
        double of_up = 0;
        for (std::size_t i = 0; i < count; ++i) {
            up.push_back(i == 0 || *rc::gen::inRange(0, 4) != 0);
            of_up += up[i] ? weights[i] : 0;
        }
        const int rounds = *rc::gen::inRange(1, 300);
        const auto order = asked(chooser, up, std::vector<bool>(count, true), rounds);
        RC_ASSERT(order.size() == static_cast<std::size_t>(rounds));
        for (std::size_t i = 0; i < count; ++i) {
            const auto got = static_cast<double>(std::ranges::count(order, i));
            const double due = up[i] ? rounds * weights[i] / of_up : 0;
            RC_ASSERT(std::abs(got - due) < static_cast<double>(count));
        }
    });
}
