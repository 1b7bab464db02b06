// Dispatcher on hold: nothing is sent but a probe now and then.
#include <doctest/doctest.h>

#include <utility>

#include "bridge/engine/dispatcher.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1h};

Batch batch(std::size_t size) {
    Batch batch;
    batch.events.resize(size);
    return batch;
}

RequestId launch(Dispatcher& dispatcher, Errand errand, Time now) {
    Flight flight;
    flight.batch.events = {{DeliveryId{1}, 0}};
    flight.errand = errand;
    return dispatcher.launch(std::move(flight), now);
}

// From `now` to the probe, which is made and fails.
Duration failing_probe(Dispatcher& dispatcher, Time& now) {
    const Time due = dispatcher.next_due(now);
    CHECK(!dispatcher.probe_due(due - 1ns));
    REQUIRE(dispatcher.probe_due(due));
    dispatcher.land(launch(dispatcher, Errand::probe, due));
    dispatcher.hold("404", due);
    return due - std::exchange(now, due);
}

}  // namespace

TEST_CASE("dispatcher: on hold nothing may be sent, and it says why; resuming ends it at once") {
    Dispatcher dispatcher(4, 1, 7);
    CHECK(!dispatcher.on_hold());
    CHECK(!dispatcher.probe_due(kStart));
    dispatcher.hold("404", kStart);
    CHECK(dispatcher.hold_reason() == "404");
    CHECK(!dispatcher.may_send(0, kStart + 1h));
    CHECK(dispatcher.resume());
    CHECK(dispatcher.may_send(0, kStart));
    CHECK(!dispatcher.resume());
}

TEST_CASE("dispatcher: the first probe comes after about thirty seconds, later ones after up to five minutes") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Dispatcher dispatcher(4, 1, seed);
        Time now = kStart;
        dispatcher.hold("404", now);
        const Duration first = failing_probe(dispatcher, now);
        CHECK(first >= 24s);
        CHECK(first <= 36s);
        const Duration second = failing_probe(dispatcher, now);
        CHECK(second >= 36s);
        CHECK(second <= 54s);
        for (int i = 0; i < 10; ++i) failing_probe(dispatcher, now);
        const Duration late = failing_probe(dispatcher, now);
        CHECK(late >= 4min);
        CHECK(late <= 6min);
    }
}

TEST_CASE("dispatcher: a new hold begins with the first wait again") {
    Dispatcher dispatcher(4, 1, 7);
    Time now = kStart;
    dispatcher.hold("404", now);
    for (int i = 0; i < 10; ++i) failing_probe(dispatcher, now);
    dispatcher.resume();
    dispatcher.hold("403", now);
    CHECK(failing_probe(dispatcher, now) <= 36s);
}

TEST_CASE("dispatcher: one probe at a time, and none while a request from before is in flight") {
    Dispatcher dispatcher(4, 1, 7);
    const RequestId before = launch(dispatcher, Errand::score, kStart);
    dispatcher.hold("404", kStart);
    const Time due = dispatcher.next_due(kStart);
    CHECK(!dispatcher.probe_due(due));
    dispatcher.land(before);
    CHECK(dispatcher.probe_due(due));
    launch(dispatcher, Errand::probe, due);
    CHECK(!dispatcher.probe_due(due + 1h));
}

TEST_CASE("dispatcher: requests from before the hold that fail late do not put off a probe that was not made") {
    Dispatcher dispatcher(4, 1, 7);
    const RequestId slow = launch(dispatcher, Errand::score, kStart);
    dispatcher.hold("404", kStart);
    const Time late = kStart + 50s;
    dispatcher.land(slow);
    dispatcher.hold("404", late);
    CHECK(dispatcher.probe_due(late));
}

TEST_CASE("dispatcher: a probe waits for Retry-After as well") {
    Dispatcher dispatcher(4, 1, 7);
    const RequestId id = launch(dispatcher, Errand::score, kStart);
    Answer answer;
    answer.outcome = Outcome::throttled;
    answer.retry_after = 10min;
    dispatcher.failed(answer, dispatcher.land(id).value(), kStart);
    dispatcher.hold("404", kStart);
    CHECK(dispatcher.next_due(kStart) == kStart + 10min);
    CHECK(!dispatcher.probe_due(kStart + 10min - 1ns));
    CHECK(dispatcher.probe_due(kStart + 10min));
}

TEST_CASE("dispatcher: for a probe anything will do, rather what nothing was held against") {
    Dispatcher dispatcher(4, 1, 7);
    CHECK(!dispatcher.any());
    Batch failed = batch(1);
    failed.failures = 1;
    dispatcher.go_first(failed);
    CHECK(!dispatcher.has_clean());
    Batch suspect = batch(2);
    suspect.suspect = true;
    dispatcher.suspect(suspect);
    CHECK(dispatcher.has_clean());
    CHECK(dispatcher.any()->suspect);
    CHECK(dispatcher.any()->failures == 1);
    CHECK(!dispatcher.any());
}
