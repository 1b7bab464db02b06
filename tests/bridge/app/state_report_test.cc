// What is said of stored state; that it is what is stored, the end-to-end tests see.
#include "bridge/app/state_report.h"

#include <doctest/doctest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bridge/codec/render.h"
#include "bridge/codec/score_reader.h"
#include "bridge/engine/applier.h"
#include "bridge/shard/owned_rendering.h"
#include "bridge/windows/event_clock.h"
#include "bridge/windows/windows.h"

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
    pipeline.aggregates[0].subject = "aggregates.{tenant}.counts";
    pipeline.results.subject = "results.{tenant}.counts";
    pipeline.dead_letter = {"dead.{tenant}.counts", "dead-unroutable.counts"};
    pipeline.state.lease = 15s;
    return pipeline;
}

// Five groups of acme, two events each, in windows of ten seconds, and a watermark in the second of them.
struct Counted {
    Counted() {
        pipeline.aggregates[0].name = "per-trip";
        pipeline.aggregates[0].window = {.kind = WindowKind::tumbling, .size = 10s, .offset = {}};
        pipeline.aggregates[0].group_by = {"zone", "/trip/vendor"};
        pipeline.aggregates[0].select.resize(1);
        pipeline.aggregates[0].select[0].name = "events";
        windows::Windows windows(pipeline.aggregates);
        windows::EventClock clock({});
        for (std::int64_t i = 0; i < 10; ++i) {
            const ServerTime at = ServerTime(1000s + std::chrono::seconds(i + 1));
            clock.judge("acme", at, at);
            const std::vector<Value> values = {"ab\ncd\"" + std::to_string(i % 5), i % 5};
            windows.add({"acme", at, {static_cast<std::uint64_t>(i + 1), 0}, values});
        }
        state::Content content;
        ByteWriter bytes;
        windows.write_all(bytes);
        content.windows = bytes.take();
        clock.write_all(bytes);
        content.clock = bytes.take();
        state.applier = std::make_unique<engine::Applier>(pipeline, 0, rendering);
        REQUIRE(state.applier->read(content));
    }
    [[nodiscard]] StateReport told(std::size_t panes) const {
        return report(pipeline, 0, state, ServerTime(1100s), panes);
    }

    settings::Pipeline pipeline = counts();
    codec::Renderer renderer{pipeline};
    codec::ScoreReader scores{pipeline};
    OwnedRendering rendering{pipeline, renderer, scores};
    StoredState state = some_state();
};

std::string text(const StateReport& report) {
    std::ostringstream out;
    print(report, out);
    return out.str();
}

}  // namespace

TEST_CASE("state: who owns a partition, and since when nobody does") {
    StoredState state = some_state();
    CHECK(text(report(counts(), 0, state, ServerTime(103s), 20)).contains("00000000, heard of 3s ago, lease 15s\n"));
    CHECK(text(report(counts(), 0, state, ServerTime(115s), 20)).contains("heard of 15s ago, lease 15s: over\n"));
    CHECK(text(report(counts(), 0, state, ServerTime(99s), 20)).contains("heard of 0s ago"));
    state.last.head.released = true;
    CHECK(text(report(counts(), 0, state, ServerTime(103s), 20)).contains("none: released 3s ago\n"));
    CHECK(json(report(counts(), 0, state, ServerTime(103s), 20)).contains("\"released\":true"));
}

TEST_CASE("state: what another meaning cannot read is not told") {
    const StateReport told = report(counts(), 3, some_state(), ServerTime(103s), 20);
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
    const StateReport told = report(counts(), 0, state, ServerTime(103s), 20);
    CHECK(told.waiting_count == 300);
    REQUIRE(told.waiting.size() == StateReport::kMostShown);
    CHECK(told.waiting[0].count == 2);
    CHECK(text(told).contains("2 on aggregates.1000.all (aggregates[0].subject)\n"));
    CHECK(
        json(told).contains("{\"output\":\"aggregates[0].subject\",\"subject\":\"aggregates.1000.all\",\"count\":2}"));
}

TEST_CASE("state: open panes are a table, those due first, and what is left off is counted") {
    const Counted counted;
    const std::string all = text(counted.told(20));
    CHECK(all.contains("    open        per-trip: 5 groups, 5 panes, "));
    CHECK(all.contains("      aggregate  tenant  group "));
    CHECK(all.contains(
        R"(      per-trip   acme    zone="ab\u000acd\"0" vendor=0  1970-01-01T00:16:40Z  1970-01-01T00:16:50Z  2 )"));
    CHECK(all.contains("  1970-01-01T00:16:50Z  1970-01-01T00:16:50Z\n"));  // out after, and the watermark
    CHECK_FALSE(all.contains("more panes"));
    const std::string some = text(counted.told(2));
    CHECK(some.contains("vendor=1"));
    CHECK_FALSE(some.contains("vendor=2"));
    CHECK(some.contains("      3 more panes, out later (--panes N shows N)\n"));
    CHECK(text(counted.told(0)).contains("      5 more panes (--panes N shows N)\n"));
}

TEST_CASE("state: open panes for programs") {
    const Counted counted;
    const std::string some = json(counted.told(1));
    CHECK(
        some.contains(R"("panes":[{"aggregate":"per-trip","tenant":"acme","group":{"zone":"ab\u000acd\"0","vendor":0},)"
                      R"("start":"1970-01-01T00:16:40Z","end":"1970-01-01T00:16:50Z","events":2,)"
                      R"("out_after":"1970-01-01T00:16:50Z","watermark":"1970-01-01T00:16:50Z"}],"panes_left_off":4)"));
}

TEST_CASE("state: what owners died of is told") {
    StoredState state = some_state();
    CHECK_FALSE(text(report(counts(), 0, state, ServerTime(103s), 20)).contains("deaths"));
    state.last.head.deaths = 3;
    state.last.head.tried = {{{1018, 2}, 1}};
    const StateReport told = report(counts(), 0, state, ServerTime(103s), 20);
    CHECK(
        text(told).contains("    deaths      3 owners in a row that did not get beyond the floor; 1 while trying event "
                            "2 of message 1018\n"));
    CHECK(json(told).contains(R"("deaths":3,"tried":[{"sequence":1018,"element":2,"times":1}])"));
}
