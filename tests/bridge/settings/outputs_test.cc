#include "bridge/settings/outputs.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace millrace::settings {

namespace {

Pipeline trips() {
    Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.endpoint.url = "http://m/score";
    pipeline.results.subject = "results.{tenant}";
    pipeline.results.stream = "RESULTS";
    pipeline.dead_letter = {"dead.{tenant}", "unroutable"};
    return pipeline;
}

Pipeline owned() {
    Pipeline pipeline = trips();
    Aggregate aggregate;
    aggregate.subject = "aggregates.{tenant}.a";
    pipeline.aggregates.push_back(aggregate);
    aggregate.subject = "aggregates.{tenant}.b";
    pipeline.aggregates.push_back(aggregate);
    pipeline.state.stream = "KEPT";
    return pipeline;
}

std::vector<Output> kinds(const Pipeline& pipeline) {
    std::vector<Output> out;
    for (const auto& row : outputs(pipeline)) out.push_back(row.output);
    return out;
}

}  // namespace

TEST_CASE("outputs: a score-only pipeline has three") {
    const auto rows = outputs(trips());
    CHECK(kinds(trips()) == std::vector{Output::result, Output::dead_letter, Output::unroutable});
    CHECK(rows[0].field == "results.subject");
    CHECK(rows[0].subject == "results.{tenant}");
    CHECK(rows[0].stream == "RESULTS");
    CHECK(rows[2].subject == "unroutable");
    CHECK(output_slots(trips()) == 4);
}

TEST_CASE("outputs: an owned one has its state and each aggregate too, each at its index") {
    const auto rows = outputs(owned());
    CHECK(kinds(owned()) == std::vector{Output::result, Output::dead_letter, Output::unroutable, Output::state,
                                        aggregate_output(0), aggregate_output(1)});
    CHECK(rows[3].subject == "millrace.state.trips.>");
    CHECK(rows[3].stream == "KEPT");
    CHECK(rows[5].field == "aggregates[1].subject");
    CHECK(rows[5].subject == "aggregates.{tenant}.b");
    CHECK(index(rows[5].output) == 8);
    CHECK(output_slots(owned()) == 10);
    CHECK(state_subject(owned(), 12) == "millrace.state.trips.12");
}

TEST_CASE("outputs: a summary where an aggregate has a bucket, in the bucket's stream") {
    auto pipeline = owned();
    pipeline.aggregates[0].name = "a";
    pipeline.aggregates[0].kv_bucket = "fares";
    const auto rows = outputs(pipeline);
    REQUIRE(rows.size() == 7);
    CHECK(rows[5].output == summary_output(0));
    CHECK(rows[5].field == "aggregates[0].kv_bucket");
    CHECK(rows[5].subject == "$KV.fares.trips.a.>");
    CHECK(rows[5].stream == "KV_fares");
    CHECK(rows[6].output == aggregate_output(1));
    CHECK(is_summary(summary_output(1)));
    CHECK_FALSE(is_summary(aggregate_output(1)));
    CHECK_FALSE(is_summary(Output::state));
}

TEST_CASE("outputs: no results without an endpoint, late copies only where they are asked for") {
    auto pipeline = owned();
    pipeline.endpoint.url.clear();
    pipeline.event.on_late = OnLate::subject;
    pipeline.event.late_subject = "late.{tenant}";
    CHECK(kinds(pipeline) == std::vector{Output::dead_letter, Output::unroutable, Output::late, Output::state,
                                         aggregate_output(0), aggregate_output(1)});
    CHECK(outputs(pipeline)[2].subject == "late.{tenant}");
    CHECK(output_slots(pipeline) == 10);
}

TEST_CASE("outputs: what goes past the model has a subject of its own, or that of the results") {
    auto pipeline = trips();
    Delivery delivery;
    delivery.tenant = "acme";
    pipeline.bypass = {Bypass::To::subject, "bypass.{tenant}"};
    CHECK(kinds(pipeline) == std::vector{Output::result, Output::dead_letter, Output::unroutable, Output::bypass});
    CHECK(outputs(pipeline)[3].field == "bypass.subject");
    CHECK(output_of(pipeline, delivery, Ending::bypassed) == Output::bypass);
    CHECK(output_of(pipeline, delivery, Ending::scored) == Output::result);
    CHECK(output_of(pipeline, delivery, Ending::dead) == Output::dead_letter);
    pipeline.bypass.to = Bypass::To::results;
    CHECK(kinds(pipeline) == std::vector{Output::result, Output::dead_letter, Output::unroutable});
    CHECK(output_of(pipeline, delivery, Ending::bypassed) == Output::result);
    delivery.tenant.clear();
    CHECK(output_of(pipeline, delivery, Ending::dead) == Output::unroutable);
}

}  // namespace millrace::settings
