#include "bridge/settings/fingerprint.h"

#include <doctest/doctest.h>

#include <functional>
#include <set>
#include <vector>

namespace millrace::settings {

namespace {

using namespace std::chrono_literals;
using Change = std::function<void(Pipeline&)>;

Pipeline trips() {
    Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.partitions = 4;
    pipeline.input.stream = "EVENTS";
    pipeline.input.subject = "events.{partition}.{tenant}.trips";
    pipeline.event.timestamp = "at";
    Aggregate aggregate;
    aggregate.name = "fares";
    aggregate.window = {.kind = WindowKind::hopping, .size = 10s, .hop = 5s};
    aggregate.group_by = {"vendorid"};
    aggregate.select.resize(1);
    aggregate.select[0].name = "p";
    aggregate.select[0].function = Function::percentile_cont;
    aggregate.select[0].operand = {Operand::From::event, "fare"};
    aggregate.select[0].fraction = 0.95;
    aggregate.having = {{0, Condition::Op::greater, std::int64_t{1}}};
    aggregate.subject = "aggregates.{tenant}.fares";
    pipeline.aggregates = {aggregate};
    return pipeline;
}

Digest changed(const Change& change) {
    Pipeline pipeline = trips();
    change(pipeline);
    return fingerprint(pipeline);
}

const std::vector<Change> kMeaningful = {
    [](Pipeline& p) { p.name = "trip"; },
    [](Pipeline& p) { p.generation = 2; },
    [](Pipeline& p) { p.partitions = 8; },
    [](Pipeline& p) { p.input.stream = "OTHERS"; },
    [](Pipeline& p) { p.input.subject = "events.{tenant}.{partition}.trips"; },
    [](Pipeline& p) { p.endpoint.url = "http://model"; },
    [](Pipeline& p) { p.event.timestamp = "created"; },
    [](Pipeline& p) { p.where = "distance > 0"; },
    [](Pipeline& p) { p.bypass.to = Bypass::To::subject; },
    [](Pipeline& p) { p.event.features.push_back({"miles", {}, "distance * 2"}); },
    [](Pipeline& p) { p.event.features.push_back({"miles", {}, "distance * 3"}); },
    [](Pipeline& p) { p.event.features.push_back({"miles", {}, {}}); },
    [](Pipeline& p) { p.event.timestamp_unit = TimeUnit::seconds; },
    [](Pipeline& p) { p.event.out_of_order_tolerance = 1s; },
    [](Pipeline& p) { p.event.late_arrival_tolerance = 6s; },
    [](Pipeline& p) { p.event.late_arrival_tolerance = std::nullopt; },
    [](Pipeline& p) { p.event.early_limit = 1s; },
    [](Pipeline& p) { p.event.on_late = OnLate::drop; },
    [](Pipeline& p) { p.event.on_late = OnLate::subject; },
    [](Pipeline& p) { p.aggregates.push_back(p.aggregates[0]); },
    [](Pipeline& p) { p.aggregates.clear(); },
    [](Pipeline& p) { p.aggregates[0].name = "fare"; },
    [](Pipeline& p) { p.aggregates[0].window.kind = WindowKind::tumbling; },
    [](Pipeline& p) { p.aggregates[0].window.size = 20s; },
    [](Pipeline& p) { p.aggregates[0].window.hop = 10s; },
    [](Pipeline& p) { p.aggregates[0].window.offset = 1s; },
    [](Pipeline& p) { p.aggregates[0].window.timeout = 1s; },
    [](Pipeline& p) { p.aggregates[0].window.max_duration = 1s; },
    [](Pipeline& p) { p.aggregates[0].group_by = {"vendor", "id"}; },
    [](Pipeline& p) { p.aggregates[0].group_by = {}; },
    [](Pipeline& p) { p.aggregates[0].select[0].name = "q"; },
    [](Pipeline& p) { p.aggregates[0].select[0].function = Function::percentile_disc; },
    [](Pipeline& p) { p.aggregates[0].select[0].operand.path = "/fare"; },
    [](Pipeline& p) { p.aggregates[0].select[0].operand.from = Operand::From::score; },
    [](Pipeline& p) { p.aggregates[0].select[0].fraction = 0.9; },
    [](Pipeline& p) { p.aggregates[0].select[0].most = 3; },
    [](Pipeline& p) { p.aggregates[0].select[0].ascending = true; },
    [](Pipeline& p) { p.aggregates[0].select.push_back({}); },
    [](Pipeline& p) { p.aggregates[0].having.clear(); },
    [](Pipeline& p) { p.aggregates[0].having[0].select = 1; },
    [](Pipeline& p) { p.aggregates[0].having[0].op = Condition::Op::less; },
    [](Pipeline& p) { p.aggregates[0].having[0].literal = std::int64_t{2}; },
    [](Pipeline& p) { p.aggregates[0].having[0].literal = 1.0; },
    [](Pipeline& p) { p.aggregates[0].having[0].literal = std::string("1"); },
    [](Pipeline& p) { p.aggregates[0].having[0].literal = true; },
    [](Pipeline& p) { p.aggregates[0].having[0].literal = Null{}; },
    [](Pipeline& p) { p.aggregates[0].partial = true; },
};

const std::vector<Change> kTuning = {
    [](Pipeline&) {},
    [](Pipeline& p) { p.input.start = StartNew{}; },
    [](Pipeline& p) { p.input.ack_wait = 1min; },
    [](Pipeline& p) { p.input.max_ack_pending = 5; },
    [](Pipeline& p) { p.input.max_pending_bytes = 5; },
    [](Pipeline& p) { p.event.late_subject = "late.{tenant}"; },
    [](Pipeline& p) { p.bypass.subject = "bypass.{tenant}"; },
    [](Pipeline& p) { p.endpoint.max_batch_count = 5; },
    [](Pipeline& p) { p.results.subject = "results.{tenant}"; },
    [](Pipeline& p) { p.dead_letter.subject = "d.{tenant}"; },
    [](Pipeline& p) { p.state = {"S", 1s, 1 << 20, 9s}; },
    [](Pipeline& p) { p.aggregates[0].subject = "a.{tenant}"; },
    [](Pipeline& p) { p.aggregates[0].kv_bucket = "b"; },
};

}  // namespace

TEST_CASE("fingerprint: every change of meaning gives one of its own") {
    std::set<Digest> seen = {fingerprint(trips())};
    for (std::size_t i = 0; i < kMeaningful.size(); ++i) {
        CAPTURE(i);
        CHECK(seen.insert(changed(kMeaningful[i])).second);
    }
}

TEST_CASE("fingerprint: tuning changes nothing") {
    for (std::size_t i = 0; i < kTuning.size(); ++i) {
        CAPTURE(i);
        CHECK(changed(kTuning[i]) == fingerprint(trips()));
    }
}

TEST_CASE("layout: what state is written by, and nothing else") {
    const auto laid_out = [](const Change& change) {
        Pipeline pipeline = trips();
        change(pipeline);
        return layout(pipeline);
    };
    const std::vector<Change> other_meaning_only = {
        [](Pipeline& p) { p.generation = 2; },
        [](Pipeline& p) { p.input.subject = "events.{tenant}.{partition}.trips"; },
        [](Pipeline& p) { p.event = {}; },
        [](Pipeline& p) { p.aggregates[0].having.clear(); },
        [](Pipeline& p) { p.aggregates[0].partial = true; },
    };
    for (std::size_t i = 0; i < other_meaning_only.size(); ++i) {
        CAPTURE(i);
        CHECK(laid_out(other_meaning_only[i]) == layout(trips()));
        CHECK(changed(other_meaning_only[i]) != fingerprint(trips()));
    }
    const std::vector<Change> other_layout = {
        [](Pipeline& p) { p.name = "trip"; },
        [](Pipeline& p) { p.partitions = 8; },
        [](Pipeline& p) { p.aggregates.push_back(p.aggregates[0]); },
        [](Pipeline& p) { p.aggregates[0].name = "fare"; },
        [](Pipeline& p) { p.aggregates[0].window.hop = 10s; },
        [](Pipeline& p) { p.aggregates[0].group_by = {}; },
        [](Pipeline& p) { p.aggregates[0].select[0].function = Function::percentile_disc; },
        [](Pipeline& p) { p.aggregates[0].select[0].operand.path = "/fare"; },
    };
    std::set<Digest> seen = {layout(trips())};
    for (std::size_t i = 0; i < other_layout.size(); ++i) {
        CAPTURE(i);
        CHECK(seen.insert(laid_out(other_layout[i])).second);
    }
    for (std::size_t i = 0; i < kTuning.size(); ++i) CHECK(laid_out(kTuning[i]) == layout(trips()));
}

}  // namespace millrace::settings
