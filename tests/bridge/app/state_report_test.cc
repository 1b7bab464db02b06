// What is said of stored state; that it is what is stored, the end-to-end tests see.
#include "bridge/app/state_report.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace millrace;
using namespace millrace::app;
using namespace std::chrono_literals;

namespace {

StoredState some_state() {
    StoredState state;
    state.last.head.epoch = 4;
    state.last.head.commit = 17;
    state.last.head.floor = 1017;
    state.last.head.clear_to = 1020;
    state.last.stored_at = ServerTime(100s);
    return state;
}

settings::Pipeline counts() {
    settings::Pipeline pipeline;
    pipeline.name = "counts";
    pipeline.aggregates.resize(1);
    pipeline.state.lease = 15s;
    return pipeline;
}

std::string text(const StateReport& report) {
    std::ostringstream out;
    print(report, out);
    return out.str();
}

}  // namespace

TEST_CASE("state: who owns a partition, and since when nobody does") {
    StoredState state = some_state();
    CHECK(text(report(counts(), 0, state, ServerTime(103s))).contains("00000000, heard of 3s ago, lease 15s\n"));
    CHECK(text(report(counts(), 0, state, ServerTime(115s))).contains("heard of 15s ago, lease 15s: over\n"));
    CHECK(text(report(counts(), 0, state, ServerTime(99s))).contains("heard of 0s ago"));
    state.last.head.released = true;
    CHECK(text(report(counts(), 0, state, ServerTime(103s))).contains("none: released 3s ago\n"));
    CHECK(json(report(counts(), 0, state, ServerTime(103s))).contains("\"released\":true"));
}

TEST_CASE("state: what another meaning cannot read is not told") {
    const StateReport told = report(counts(), 3, some_state(), ServerTime(103s));
    CHECK(text(told).contains("not what the configuration says"));
    CHECK_FALSE(text(told).contains("    watermarks "));
    CHECK(json(told).contains("\"fingerprint_fits\":false"));
    CHECK_FALSE(json(told).contains("watermarks"));
    CHECK(text(told).contains("message 1017; nothing more of the partition up to 1020\n"));
}

TEST_CASE("state: the outbox is counted by output and subject, and long lists are cut") {
    StoredState state = some_state();
    for (int i = 0; i < 300; ++i) {
        state::OutboxEntry& entry = state.outbox.emplace_back();
        entry.output = index(Output::aggregate);
        entry.subject = "aggregates." + std::to_string(1000 + i / 2) + ".all";
    }
    const StateReport told = report(counts(), 0, state, ServerTime(103s));
    CHECK(told.waiting_count == 300);
    REQUIRE(told.waiting.size() == StateReport::kMostShown);
    CHECK(told.waiting[0].count == 2);
    CHECK(text(told).contains("2 on aggregates.1000.all (aggregates[0].subject)\n"));
    CHECK(
        json(told).contains("{\"output\":\"aggregates[0].subject\",\"subject\":\"aggregates.1000.all\",\"count\":2}"));
}
