#include "bridge/base/snapshot.h"

#include <doctest/doctest.h>

namespace millrace {

namespace {

Snapshot at_work() {
    Snapshot s;
    s.connected = true;
    s.partitions = 2;
    s.bound = 2;
    return s;
}

}  // namespace

TEST_CASE("snapshot: able to work is connected, bound everywhere, neither held nor halted nor leaving") {
    CHECK(able_to_work(at_work()));
    const auto able_when = [](auto change) {
        Snapshot s = at_work();
        change(s);
        return able_to_work(s);
    };
    CHECK(!able_when([](Snapshot& s) { s.connected = false; }));
    CHECK(!able_when([](Snapshot& s) { s.bound = 1; }));
    CHECK(!able_when([](Snapshot& s) { s.hold = "the endpoint: 404"; }));
    CHECK(!able_when([](Snapshot& s) { s.halt = "on_rejected"; }));
    CHECK(!able_when([](Snapshot& s) { s.draining = true; }));
}

TEST_CASE("snapshot: a backlog, full hands and accused events are work, not a reason to be taken out of service") {
    Snapshot s = at_work();
    s.backlog = 1'000'000;
    s.open_deliveries = s.queued_events = s.in_flight = s.accused = s.publications = 1000;
    CHECK(able_to_work(s));
}

}  // namespace millrace
