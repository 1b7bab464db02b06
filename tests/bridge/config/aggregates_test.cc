// Aggregates as a person writes them: what is read, and each rule broken once.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kAggregated = R"(version: 1
pipelines:
  - name: trips
    input:
      stream: EVENTS
      subject: events.{tenant}.trips
    event:
      timestamp: createdAt
    aggregates:
      - name: fares-5s
        window: {tumbling: 5s}
        select: {trips: count()}
)";

std::string changed(std::string_view part, std::string_view other) {
    const std::size_t found = kAggregated.find(part);
    REQUIRE(found != std::string_view::npos);
    return std::string(kAggregated.substr(0, found)) + std::string(other) +
           std::string(kAggregated.substr(found + part.size()));
}

std::string said(std::string_view part, std::string_view other) { return complaints(changed(part, other)); }
std::string with_window(std::string_view window) {
    return said("window: {tumbling: 5s}", "window: " + std::string(window));
}
std::string with_select(std::string_view select) {
    return said("select: {trips: count()}", "select: " + std::string(select));
}
std::string with_event(std::string_view lines) { return said("timestamp: createdAt", lines); }
std::string more(std::string_view lines) { return complaints(std::string(kAggregated) + std::string(lines)); }

Aggregate first(const std::string& yaml) { return loaded(yaml).pipelines.at(0).aggregates.at(0); }
Window window(std::string_view text) {
    return first(changed("window: {tumbling: 5s}", "window: " + std::string(text))).window;
}

// Where the parts of the first aggregate stand.
const std::string kWindow = "t.yaml:11:17: pipelines[0].aggregates[0].window";
const std::string kSelect = "pipelines[0].aggregates[0].select";

}  // namespace

TEST_CASE("aggregates: everything is read") {
    const auto pipeline = loaded(R"(version: 1
pipelines:
  - name: trips
    partitions: 2
    input: {stream: EVENTS, subject: "events.{partition}.{tenant}.trips"}
    event:
      timestamp: /at
      timestamp_unit: us
      out_of_order_tolerance: 2s
      late_arrival_tolerance: unlimited
      early_limit: 0
      on_late: subject
      late_subject: late.{tenant}
    state: {stream: S, checkpoint_every: 100ms, lease: 3s}
    aggregates:
      - name: a
        having: [trips >= 10, "named != 'x'"]   # before select
        window: snapshot
        group_by: [vendorid, /trip/zone]
        select: {trips: count(), named: first(/trip/name)}
        subject: parts.{partition}.{tenant}
        partial: true
      - {name: b, window: snapshot, select: {n: count()}}
)")
                              .pipelines.at(0);
    CHECK(pipeline.event.timestamp == "/at");
    CHECK(pipeline.event.timestamp_unit == settings::TimeUnit::microseconds);
    CHECK(pipeline.event.out_of_order_tolerance == 2s);
    CHECK_FALSE(pipeline.event.late_arrival_tolerance);
    CHECK(pipeline.event.early_limit == 0s);
    CHECK(pipeline.event.on_late == settings::OnLate::subject);
    CHECK(pipeline.event.late_subject == "late.{tenant}");
    CHECK(pipeline.state.stream == "S");
    CHECK(pipeline.state.checkpoint_every == 100ms);
    CHECK(pipeline.state.lease == 3s);
    REQUIRE(pipeline.aggregates.size() == 2);
    const Aggregate& a = pipeline.aggregates[0];
    CHECK(a.name == "a");
    CHECK(a.group_by == std::vector<std::string>{"vendorid", "/trip/zone"});
    REQUIRE(a.select.size() == 2);
    CHECK(a.select[1].name == "named");
    CHECK(a.select[1].function == Function::first);
    CHECK(a.select[1].operand == Operand{Operand::From::event, "/trip/name"});
    REQUIRE(a.having.size() == 2);
    CHECK(a.having[0] == Condition{0, Condition::Op::greater_or_equal, std::int64_t{10}});
    CHECK(a.having[1] == Condition{1, Condition::Op::not_equal, std::string("x")});
    CHECK(a.subject == "parts.{partition}.{tenant}");
    CHECK(a.partial);
    CHECK(pipeline.aggregates[1].subject == "aggregates.{tenant}.b");
    CHECK_FALSE(pipeline.aggregates[1].partial);
    CHECK_FALSE(settings::has_endpoint(pipeline));
    CHECK(settings::is_owned(pipeline));
}

TEST_CASE("aggregates: windows") {
    CHECK(window("{tumbling: 5s}") == Window{.kind = WindowKind::tumbling, .size = 5s});
    CHECK(window("{tumbling: {size: 5s, offset: 1s}}") ==
          Window{.kind = WindowKind::tumbling, .size = 5s, .offset = 1s});
    CHECK(window("{hopping: {size: 10s, hop: 5s}}") == Window{.kind = WindowKind::hopping, .size = 10s, .hop = 5s});
    CHECK(window("{hopping: {size: 168h, hop: 168h, offset: 167h}}") ==
          Window{.kind = WindowKind::hopping, .size = 168h, .hop = 168h, .offset = 167h});
    CHECK(window("{sliding: 1ms}") == Window{.kind = WindowKind::sliding, .size = 1ms});
    CHECK(window("{sliding: {size: 10s}}") == Window{.kind = WindowKind::sliding, .size = 10s});
    CHECK(window("{session: {timeout: 5s, max_duration: 5s}}") ==
          Window{.kind = WindowKind::session, .timeout = 5s, .max_duration = 5s});
    CHECK(window("snapshot") == Window{.kind = WindowKind::snapshot});
    CHECK(window("{snapshot: {}}") == Window{.kind = WindowKind::snapshot});
}

TEST_CASE("aggregates: windows that are none") {
    CHECK(with_window("{tumblng: 5s}") == kWindow + ": 'tumblng' is no kind of window (did you mean tumbling?)\n");
    CHECK(with_window("{rolling: 5s}") ==
          kWindow + ": 'rolling' is no kind of window (there are tumbling hopping sliding session snapshot)\n");
    CHECK(with_window("5s") == kWindow +
                                   ": '5s' is no kind of window (there are tumbling hopping sliding session "
                                   "snapshot)\n");
    CHECK(with_window("tumbling") == kWindow + ": 'tumbling' needs its durations (write for example {tumbling: 5s})\n");
    CHECK(with_window("[a]") == kWindow + ": is a list, but must be a window such as {tumbling: 5s}\n");
    CHECK(with_window("{}") == kWindow +
                                   ": has 0 kinds of window in it, and must have one (write for example "
                                   "{tumbling: 5s})\n");
    CHECK(with_window("{tumbling: 5s, sliding: 5s}") ==
          kWindow + ": has 2 kinds of window in it, and must have one (write for example {tumbling: 5s})\n");
    CHECK(with_window("{tumbling: 0}") ==
          "t.yaml:11:28: pipelines[0].aggregates[0].window.tumbling: 0 is below 1ms (set 1ms to 168h)\n");
    CHECK(with_window("{tumbling: 169h}") ==
          "t.yaml:11:28: pipelines[0].aggregates[0].window.tumbling: 169h is above 168h (set 1ms to 168h)\n");
    CHECK(with_window("{tumbling: 5}") ==
          "t.yaml:11:28: pipelines[0].aggregates[0].window.tumbling: '5' has no unit (write 5s or 5ms)\n");
    CHECK(with_window("{hopping: 5s}") ==
          "t.yaml:11:18: pipelines[0].aggregates[0].window.hopping: must be a map of "
          "its durations (write for example {hopping: {size: 10s, hop: 5s}})\n");
    CHECK(with_window("{hopping: {size: 5s}}") ==
          "t.yaml:11:27: pipelines[0].aggregates[0].window.hopping: has no hop "
          "(write for example {hopping: {size: 10s, hop: 5s}})\n");
    CHECK(with_window("{hopping: {size: 5s, hop: 6s}}") ==
          "t.yaml:11:27: pipelines[0].aggregates[0].window.hopping: hop 6s is above size 5s (events between two "
          "windows would be in none)\n");
    CHECK(
        with_window("{hopping: {size: 10s, hop: 9ms}}") ==
        "t.yaml:11:27: pipelines[0].aggregates[0].window.hopping: hop 9ms is below a thousandth of size 10s (an event "
        "would be in more than 1000 windows: raise hop, or use a sliding window)\n");
    CHECK(window("{hopping: {size: 10s, hop: 10ms}}").hop == 10ms);
    CHECK(with_window("{hopping: {size: 5s, hop: 2s, offset: 2s}}") ==
          "t.yaml:11:27: pipelines[0].aggregates[0].window.hopping: offset 2s is not below hop 2s (only its remainder "
          "would count)\n");
    CHECK(with_window("{tumbling: {size: 5s, offset: 6s}}") ==
          "t.yaml:11:28: pipelines[0].aggregates[0].window.tumbling: offset 6s is not below size 5s (only its "
          "remainder would count)\n");
    CHECK(with_window("{sliding: {size: 5s, hop: 1s}}") ==
          "t.yaml:11:38: pipelines[0].aggregates[0].window.sliding.hop: key 'hop' is not known here (a sliding window "
          "has size)\n");
    CHECK(with_window("{session: {timeout: 5m, max_duration: 1m}}") ==
          "t.yaml:11:27: pipelines[0].aggregates[0].window.session: timeout 5m is above max_duration 1m (raise "
          "max_duration, or lower timeout)\n");
    CHECK(with_window("{snapshot: {size: 1s}}") ==
          "t.yaml:11:29: pipelines[0].aggregates[0].window.snapshot.size: key 'size' is not known here (a snapshot "
          "window has none)\n");
}

TEST_CASE("aggregates: what is selected") {
    CHECK(with_select("{a: avg(x), b: \"top_n(3, x)\"}") == "");
    CHECK(with_select("{a: \"avrg(x)\"}") ==
          "t.yaml:12:21: " + kSelect + ".a: 'avrg(x)' calls 'avrg', which is no function (did you mean avg?)\n");
    CHECK(with_select("{a: percentile_cont(0.95, x), b: count()}") ==
          "t.yaml:12:21: " + kSelect +
              ".a: 'percentile_cont(0.95' has no closing bracket at its end (between braces YAML ends a value at a "
              "comma: put it in quotes, or give it a line of its own)\n");
    CHECK(with_select("{count: count()}") == "t.yaml:12:18: " + kSelect +
                                                 ".count: 'count' stands in every aggregate by itself (choose another "
                                                 "name)\n");
    CHECK(with_select("{a b: count()}") ==
          "t.yaml:12:18: " + kSelect + ".'a b': 'a b' is no name of a select (1 to 64 of A-Z a-z 0-9 _ -)\n");
    CHECK(with_select("{}") == "t.yaml:12:17: " + kSelect + ": is an empty map (write for example {trips: count()})\n");
    CHECK(with_select("[count()]") ==
          "t.yaml:12:17: " + kSelect + ": is a list, but must be a map of names to functions\n");
    CHECK(with_select("{a: sum(score)}") ==
          "t.yaml:12:18: " + kSelect +
              ".a: is of the score, and there is no endpoint (a field of the event called score is /score)\n");
    CHECK(with_select("{a: sum(/score)}") == "");
}

TEST_CASE("aggregates: conditions") {
    const std::string where = "t.yaml:13:17: pipelines[0].aggregates[0].having";
    CHECK(more("        having: trips >= 10\n") == "");
    CHECK(more("        having: trip >= 10\n") == where + ": 'trip' is no name of select (did you mean trips?)\n");
    CHECK(more("        having: fare >= 10\n") == where + ": 'fare' is no name of select (select it first)\n");
    CHECK(more("        having: [trips >= 10, trips]\n") ==
          "t.yaml:13:31: pipelines[0].aggregates[0].having[1]: 'trips' is no condition (write a name of select, one of "
          "= <> < <= > >=, and a value: trips >= 10)\n");
    CHECK(more("        having: []\n") ==
          where + ": is an empty list (write for example trips >= 10, or leave it out)\n");
    // About a select that was refused nothing more is said.
    CHECK(said("select: {trips: count()}", "select: {trips: cont()}\n        having: trips >= 10")
              .ends_with("(did you mean count?)\n"));
}

TEST_CASE("aggregates: names in a message are each their own") {
    CHECK(more("        group_by: [/a/x, /b/x]\n") ==
          "t.yaml:13:19: pipelines[0].aggregates[0].group_by: '/b/x' and '/a/x' are both called 'x' in an aggregate "
          "(choose one)\n");
    CHECK(more("        group_by: [/a/trips]\n") ==
          "t.yaml:12:18: pipelines[0].aggregates[0].select.trips: 'trips' is what a group_by field is called already "
          "(choose another name)\n");
    CHECK(more("        group_by: [count]\n") ==
          "t.yaml:13:19: pipelines[0].aggregates[0].group_by: 'count' would be called 'count' in an aggregate, where "
          "that stands by itself (leave it out)\n");
    CHECK(more("      - {name: fares-5s, window: snapshot, select: {a: count()}, subject: \"x.{tenant}\"}\n") ==
          "t.yaml:13:16: pipelines[0].aggregates[1].name: 'fares-5s' is the name of pipelines[0].aggregates[0] already "
          "(choose another)\n");
    CHECK(more("      - {name: b, window: snapshot, select: {a: count()}, subject: \"aggregates.{tenant}.fares-5s\"}\n")
              .contains("pipelines[0].aggregates[1].subject: 'aggregates.{tenant}.fares-5s' overlaps"));
    CHECK(more("        subject: events.{tenant}.trips\n").contains("a loop without end"));
    CHECK(said("events.{tenant}.trips", "'millrace.*.{tenant}.>'").contains("a loop without end"));
}

TEST_CASE("aggregates: parts of partitions") {
    CHECK(more("        partial: true\n") ==
          "t.yaml:13:18: pipelines[0].aggregates[0].partial: has no effect with one partition (remove it)\n");
    std::string spread =
        changed("subject: events.{tenant}.trips", "subject: events.{partition}.{tenant}.trips\n    partitions: 2");
    spread += "        partial: true\n";
    CHECK(complaints(spread) ==
          "t.yaml:14:18: pipelines[0].aggregates[0].partial: needs {partition} in subject, where the parts are told "
          "apart (write for example subject: aggregates.{partition}.{tenant}.fares-5s)\n");
    CHECK(complaints(spread + "        subject: parts.{partition}.{tenant}\n") == "");
}

TEST_CASE("aggregates: a bucket") {
    CHECK(more("        kv_bucket: fares\n") == "");
    CHECK(more("        kv_bucket: a.b\n") ==
          "t.yaml:13:20: pipelines[0].aggregates[0].kv_bucket: 'a.b' is no bucket name (1 to 64 of A-Z a-z 0-9 _ -)\n");
    CHECK(more("        group_by: [identity]\n") == "");
    CHECK(more("        group_by: [identity]\n        kv_bucket: b\n")
              .contains("'identity' stands by itself in the values of kv_bucket (leave it out)"));
    CHECK(said("select: {trips: count()}", "select: {generation: count()}\n        kv_bucket: b")
              .contains("'generation' stands by itself in the values of kv_bucket (choose another name)"));
}

TEST_CASE("aggregates: with scores or without, and one of the two") {
    CHECK(more("    endpoint: {url: http://m}\n    results: {subject: \"r.{tenant}\"}\n") == "");
    CHECK(more("    results: {subject: \"r.{tenant}\"}\n") ==
          "t.yaml:13:5: pipelines[0].results: has no effect without an endpoint, where scores come from (remove it)\n");
    CHECK(with_event("features: [a]") ==
          "t.yaml:8:17: pipelines[0].event.features: has no effect without an endpoint, "
          "where scores come from (remove it)\n");
    CHECK(said("    aggregates:\n      - name: fares-5s\n        window: {tumbling: 5s}\n        select: {trips: "
               "count()}\n",
               "    aggregates: []\n") ==
          "t.yaml:9:17: pipelines[0].aggregates: must be a list with at least one "
          "aggregate (write a dash before each)\n");
    CHECK(said("      - name: fares-5s\n        window: {tumbling: 5s}\n        select: {trips: count()}\n",
               "      - {}\n")
              .contains("t.yaml:10:9: pipelines[0].aggregates[0].window: is required (write for example window: "
                        "{tumbling: 5s})\n"));
}

TEST_CASE("aggregates: what serves them has no effect without") {
    const std::string wanted = ": has no effect without aggregates (remove it)\n";
    CHECK(complaints(sample_with("features: [vendorid, distance]", "timestamp: createdAt\n      on_late: drop")) ==
          "t.yaml:9:18: pipelines[0].event.timestamp" + wanted + "t.yaml:10:16: pipelines[0].event.on_late" + wanted);
    CHECK(complaints(sample_with("    event:\n", "    state: {lease: 5s}\n    event:\n")) ==
          "t.yaml:8:5: pipelines[0].state: has no effect without aggregates or ordered: true (remove it)\n");
}

TEST_CASE("aggregates: times and late events") {
    CHECK(with_event("timestamp_unit: ms") ==
          "t.yaml:8:23: pipelines[0].event.timestamp_unit: has no effect without "
          "event.timestamp (add it, or remove this)\n");
    CHECK(with_event("on_late: subject") ==
          "t.yaml:8:16: pipelines[0].event.on_late: 'subject' needs event.late_subject (add it)\n");
    CHECK(with_event("late_subject: late.{tenant}") ==
          "t.yaml:8:21: pipelines[0].event.late_subject: 'late.{tenant}' has no effect without event.on_late: subject "
          "(add it, or remove this)\n");
    CHECK(with_event("{on_late: subject, late_subject: \"late.{tenant}\"}") == "");
    CHECK(with_event("{on_late: subject, late_subject: \"events.{tenant}.*\"}").contains("subject"));
    CHECK(with_event("late_arrival_tolerance: never")
              .starts_with("t.yaml:8:31: pipelines[0].event.late_arrival_tolerance: 'never' is not a duration"));
    CHECK(with_event("late_arrival_tolerance: 505h") ==
          "t.yaml:8:31: pipelines[0].event.late_arrival_tolerance: 505h is above 504h (set 0 to 504h)\n");
    CHECK(more("    state: {checkpoint_every: 1s, lease: 3s}\n") ==
          "t.yaml:13:31: pipelines[0].state.checkpoint_every: 1s is not below a third of state.lease 3s, by which an "
          "owner is taken for lost (lower it, or raise the lease)\n");
    CHECK(more("    state: {lease: 1500ms}\n").contains("pipelines[0].state.checkpoint_every: 500ms is not below"));
}
