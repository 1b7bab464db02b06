// Dispatcher: how many requests at once, what goes next, and when not to send at all.
#include "bridge/engine/dispatcher.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1h};

Batch batch(std::uint64_t number, Partition partition = 0) {
    Batch one;
    one.partition = partition;
    one.tenant = "acme";
    one.events = {{DeliveryId{number}, 0}};
    return one;
}
Batch failed_before(std::uint64_t number) {
    Batch one = batch(number);
    one.failures = 1;
    return one;
}
Batch suspect(std::uint64_t number) {
    Batch one = batch(number);
    one.suspect = true;
    return one;
}
std::uint64_t number(const std::optional<Batch>& of) {
    return of ? static_cast<std::uint64_t>(of->events.front().delivery) : 0;
}

RequestId launch(Dispatcher& dispatcher, Batch of, Time now = kStart, Errand errand = Errand::score) {
    Flight flight;
    flight.batch = std::move(of);
    flight.errand = errand;
    return dispatcher.launch(std::move(flight), now);
}

void score(Dispatcher& dispatcher, RequestId id) {
    dispatcher.land(id);
    dispatcher.succeeded();
}
void fail(Dispatcher& dispatcher, RequestId id, Time now, Outcome outcome = Outcome::failed,
          std::optional<Duration> retry_after = {}) {
    Answer answer;
    answer.outcome = outcome;
    answer.retry_after = retry_after;
    dispatcher.failed(answer, dispatcher.land(id).value(), now);
}

// One request after the other is scored until the limit cannot grow.
Dispatcher warm(std::uint32_t parallel, std::size_t partitions = 1) {
    Dispatcher dispatcher(parallel, partitions, 7);
    for (int i = 0; i < 200; ++i) score(dispatcher, launch(dispatcher, batch(1)));
    return dispatcher;
}

}  // namespace

TEST_CASE("dispatcher: begins with one request, and grows by one for each round that is scored") {
    Dispatcher dispatcher(8, 1, 7);
    const RequestId first = launch(dispatcher, batch(1));
    CHECK(!dispatcher.may_send(0, kStart));
    score(dispatcher, first);
    CHECK(dispatcher.limit() == 2.0);
    score(dispatcher, launch(dispatcher, batch(2)));
    CHECK(dispatcher.limit() == 2.5);
    for (int i = 0; i < 200; ++i) score(dispatcher, launch(dispatcher, batch(3)));
    CHECK(dispatcher.limit() == 8.0);
}

TEST_CASE("dispatcher: each partition has its own bound, and both together the sum") {
    Dispatcher dispatcher = warm(2, 2);
    launch(dispatcher, batch(1, 0));
    launch(dispatcher, batch(2, 0));
    CHECK(!dispatcher.may_send(0, kStart));
    CHECK(dispatcher.may_send(1, kStart));
    launch(dispatcher, batch(3, 1));
    launch(dispatcher, batch(4, 1));
    CHECK(!dispatcher.may_send(1, kStart));
    CHECK(dispatcher.in_flight() == 4);
}

TEST_CASE("dispatcher: a burst of failures cuts the limit once, a later failure again, never below one") {
    Dispatcher dispatcher = warm(4);
    const RequestId a = launch(dispatcher, batch(1));
    const RequestId b = launch(dispatcher, batch(2));
    fail(dispatcher, a, kStart + 1s);
    CHECK(dispatcher.limit() == doctest::Approx(2.8));
    fail(dispatcher, b, kStart + 2s);
    CHECK(dispatcher.limit() == doctest::Approx(2.8));
    for (int i = 0; i < 20; ++i) {
        const Time now = kStart + std::chrono::minutes(i + 1);
        fail(dispatcher, launch(dispatcher, batch(3), now), now);
    }
    CHECK(dispatcher.limit() == 1.0);
}

TEST_CASE("dispatcher: Retry-After is obeyed to the nanosecond, and a shorter one does not end it") {
    Dispatcher dispatcher = warm(4);
    const RequestId a = launch(dispatcher, batch(1));
    const RequestId b = launch(dispatcher, batch(2));
    fail(dispatcher, a, kStart, Outcome::throttled, 60s);
    fail(dispatcher, b, kStart, Outcome::throttled, 1s);
    dispatcher.succeeded();
    CHECK(!dispatcher.may_send(0, kStart + 60s - 1ns));
    CHECK(dispatcher.next_due(kStart) == kStart + 60s);
    CHECK(dispatcher.may_send(0, kStart + 60s));
}

TEST_CASE("dispatcher: failures in a row wait ever longer; after a success it begins anew") {
    Dispatcher dispatcher(1, 1, 7);
    Duration longest{};
    Time now = kStart;
    for (int i = 0; i < 30; ++i, now += 1min) {
        fail(dispatcher, launch(dispatcher, batch(1), now), now);
        longest = std::max(longest, dispatcher.next_due(now) - now);
    }
    CHECK(longest > 15s);
    CHECK(longest <= 20s);
    score(dispatcher, launch(dispatcher, batch(1), now));
    fail(dispatcher, launch(dispatcher, batch(1), now), now);
    CHECK(dispatcher.next_due(now) - now <= 50ms);
}

TEST_CASE("dispatcher: what is throttled waits longer than what fails") {
    Duration longest_failed{};
    Duration longest_throttled{};
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Dispatcher failed(1, 1, seed);
        Dispatcher throttled(1, 1, seed);
        fail(failed, launch(failed, batch(1)), kStart, Outcome::failed);
        fail(throttled, launch(throttled, batch(1)), kStart, Outcome::throttled);
        longest_failed = std::max(longest_failed, failed.next_due(kStart) - kStart);
        longest_throttled = std::max(longest_throttled, throttled.next_due(kStart) - kStart);
    }
    CHECK(longest_failed <= 50ms);
    CHECK(longest_throttled > 500ms);
    CHECK(longest_throttled <= 1s);
}

TEST_CASE("dispatcher: halves of the latest split go first, then retries that are due, then suspects") {
    Dispatcher dispatcher = warm(4);
    dispatcher.suspect(suspect(5));
    dispatcher.retry(failed_before(4), Outcome::failed, kStart);
    dispatcher.go_first(batch(3));
    dispatcher.go_first(batch(2));
    dispatcher.go_first(batch(1));
    CHECK(dispatcher.waiting() == 5);
    const Time later = kStart + 1s;
    for (std::uint64_t expected = 1; expected <= 5; ++expected) CHECK(number(dispatcher.next(0, later)) == expected);
    CHECK(!dispatcher.next(0, later));
    CHECK(dispatcher.waiting() == 0);
}

TEST_CASE("dispatcher: a retry is not given before it is due, nor to another partition") {
    Dispatcher dispatcher = warm(4);
    dispatcher.retry(failed_before(1), Outcome::failed, kStart);
    CHECK(!dispatcher.next(0, kStart));
    const Time due = dispatcher.next_due(kStart);
    CHECK(due > kStart);
    CHECK(!dispatcher.next(1, due));
    CHECK(number(dispatcher.next(0, due)) == 1);
}

TEST_CASE("dispatcher: retries beyond the budget leave as it fills, not together") {
    Dispatcher dispatcher(4, 1, 7);
    for (std::uint64_t i = 1; i <= 100; ++i) dispatcher.retry(failed_before(i), Outcome::failed, kStart);
    const auto leave_by = [&](Time now) {
        int left = 0;
        while (dispatcher.next(0, now)) ++left;
        return left;
    };
    CHECK(leave_by(kStart + 100ms) == 10);
    CHECK(dispatcher.next_due(kStart + 100ms) < kStart + 500ms);  // and wakes for the next token
    CHECK(leave_by(kStart + 10100ms) == 30);
    for (int i = 0; i < 51; ++i) dispatcher.succeeded();
    CHECK(leave_by(kStart + 10100ms) == 10);
}

TEST_CASE("dispatcher: suspects travel one at a time, retried or not") {
    Dispatcher dispatcher = warm(4);
    dispatcher.suspect(suspect(1));
    dispatcher.retry(suspect(2), Outcome::timed_out, kStart);
    const RequestId id = launch(dispatcher, dispatcher.next(0, kStart).value());
    CHECK(!dispatcher.next(0, kStart + 1h));
    dispatcher.land(id);
    CHECK(number(dispatcher.next(0, kStart)) == 2);
}

TEST_CASE(
    "dispatcher: who was answered at an address waits for its pause, not for one that is long or has failed for good") {
    Dispatcher two(4, 1, 1, {.weights = {1, 1}});
    Batch accused = suspect(1);
    accused.answers = 1;
    accused.answered_by = 0;
    accused.came_back_from(0);
    const auto goes_to = [&](Time now) { return two.address_for(accused, now); };
    fail(two, launch(two, accused), kStart, Outcome::timed_out);
    CHECK_FALSE(goes_to(kStart));
    CHECK(two.address_for(batch(2), kStart) == 1);
    CHECK(goes_to(kStart + 20s) == 0);
    SUBCASE("a long Retry-After") {
        fail(two, launch(two, batch(3), kStart + 30s), kStart + 30s, Outcome::throttled, 10min);
        CHECK(goes_to(kStart + 30s) == 1);
    }
    SUBCASE("failures in a row") {
        for (int i = 1; i < static_cast<int>(Breaker::kOpens); ++i)
            fail(two, launch(two, batch(3), kStart + i * 30s), kStart + i * 30s);
        CHECK(goes_to(kStart + Breaker::kOpens * 30s - 30s) == 1);
    }
}

TEST_CASE("dispatcher: ids grow; an id that is not in flight lands nowhere") {
    Dispatcher dispatcher = warm(4);
    const RequestId a = launch(dispatcher, batch(1));
    CHECK(launch(dispatcher, batch(2)) > a);
    CHECK(dispatcher.land(a).has_value());
    CHECK(!dispatcher.land(a));
    CHECK(dispatcher.in_flight() == 1);
}
