#include "bridge/app/check.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "subjects/subject_template.h"

using namespace millrace;
using namespace millrace::app;

namespace {

settings::Pipeline trips() {
    settings::Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.input.stream = "EVENTS";
    pipeline.input.subject = "events.{tenant}.trips";
    pipeline.endpoint.url = "http://127.0.0.1:1/score";
    pipeline.results.subject = "results.{tenant}.trips";
    pipeline.dead_letter.subject = "dead.{tenant}.trips";
    pipeline.dead_letter.unroutable_subject = "dead-unroutable.trips";
    return pipeline;
}

io::StreamFound stream(const std::string& name, std::vector<std::string> subjects) {
    io::StreamFound out;
    out.name = name;
    out.subjects = std::move(subjects);
    out.retention = "limits";
    out.storage = "file";
    out.discard = "old";
    out.replicas = 3;
    out.duplicate_window = std::chrono::minutes(2);
    return out;
}

// A server as a careful operator would have it.
PipelineSurvey fine(const settings::Pipeline& pipeline = trips()) {
    PipelineSurvey seen;
    seen.input_filter = "events.*.trips";
    seen.input = stream("EVENTS", {"events.>"});
    seen.on_input = {*seen.input};
    for (auto& row : settings::outputs(pipeline)) {
        auto filter = subjects::SubjectTemplate::parse(row.subject, subjects::Use::input).value().filter();
        auto out = stream("OUT", {"results.>", "dead.>", "dead-unroutable.>", "aggregates.>"});
        if (row.output == Output::state) {
            out = stream("STATE", {"millrace.state.>"});
            out.discard = "new";
        }
        if (is_summary(row.output)) {
            out = stream("KV_sums", {"$KV.sums.>"});
            out.max_msgs_per_subject = 1;
        }
        seen.outputs.push_back({std::move(row), std::move(filter), {std::move(out)}});
    }
    if (settings::is_owned(pipeline)) return seen;
    io::ConsumerFound consumer;
    consumer.name = "trips-p0";
    consumer.filters = {"events.*.trips"};
    consumer.ack_policy = "explicit";
    consumer.ack_wait = std::chrono::seconds(30);
    consumer.max_ack_pending = 4000;
    seen.consumers = {consumer};
    seen.consumer_filter = {"events.*.trips"};
    return seen;
}

bool says(const std::vector<Finding>& found, Severity severity, std::string_view path, std::string_view words) {
    return std::ranges::any_of(found, [&](const Finding& finding) {
        return finding.severity == severity && finding.path == "p." + std::string(path) && finding.text.contains(words);
    });
}

settings::Pipeline owned() {
    settings::Pipeline pipeline = trips();
    Aggregate aggregate;
    aggregate.name = "counts";
    aggregate.subject = "aggregates.{tenant}.counts";
    pipeline.aggregates = {aggregate};
    return pipeline;
}

struct Case {
    explicit Case(const settings::Pipeline& of = trips()) : pipeline(of), seen(fine(of)) {}
    settings::Pipeline pipeline;
    PipelineSurvey seen;
    [[nodiscard]] bool says(Severity severity, std::string_view path, std::string_view words) const {
        return ::says(judge(pipeline, "p", seen), severity, path, words);
    }
    [[nodiscard]] OutputSurvey& output(Output which) {
        return *std::ranges::find(seen.outputs, which, [](const auto& o) { return o.row.output; });
    }
    [[nodiscard]] io::StreamFound& out(Output which) { return output(which).streams[0]; }
};

}  // namespace

TEST_CASE("check: a careful operator hears nothing") {
    const Case c;
    CHECK(judge(c.pipeline, "p", c.seen).empty());
}

TEST_CASE("check: ordered results have state, and a stream that keeps them") {
    settings::Pipeline ordered = trips();
    ordered.ordered = true;
    Case c(ordered);
    CHECK(judge(c.pipeline, "p", c.seen).empty());
    c.out(Output::result).retention = "interest";
    CHECK(
        c.says(Severity::error, "results.subject", "'OUT' drops what is read, and the last result of a tenant tells"));
    c.out(Output::result).retention = "limits";
    c.seen.input->retention = "workqueue";
    CHECK(c.says(Severity::error, "input.stream", "an owner may have to read again"));
    c.output(Output::state).streams.clear();
    CHECK(c.says(Severity::error, "state.stream", "no stream stores"));
}

TEST_CASE("check: input stream missing, not covering, captured by another, a work queue") {
    Case c;
    SUBCASE("missing") {
        c.seen.input.reset();
        CHECK(c.says(Severity::error, "input.stream", "does not exist"));
    }
    SUBCASE("not covering") {
        c.seen.input->subjects = {"events.a.>"};
        CHECK(c.says(Severity::error, "input.subject", "does not store all of"));
    }
    SUBCASE("captured") {
        c.seen.input->subjects = {"other"};
        c.seen.on_input = {stream("THIEF", {"events.>"})};
        CHECK(c.says(Severity::error, "input.subject", "'THIEF' captures"));
    }
    SUBCASE("fed from other streams") {
        c.seen.input->subjects.clear();
        c.seen.input->is_fed = true;
        c.seen.on_input = {stream("SOURCE", {"events.>"})};
        CHECK(c.says(Severity::note, "input.subject", "from other streams"));
        CHECK_FALSE(c.says(Severity::error, "input.subject", ""));
    }
    SUBCASE("work queue read from the middle") {
        c.seen.input->retention = "workqueue";
        CHECK_FALSE(c.says(Severity::error, "input.start", "work queue"));
        c.pipeline.input.start = settings::StartNew{};
        CHECK(c.says(Severity::error, "input.start", "work queue"));
    }
}

TEST_CASE("check: what the input stream does to acknowledged events") {
    Case c;
    auto& input = *c.seen.input;
    SUBCASE("memory") {
        input.storage = "memory";
        CHECK(c.says(Severity::warning, "input.stream", "memory"));
    }
    SUBCASE("async") {
        input.persist_mode = "async";
        CHECK(c.says(Severity::warning, "input.stream", "persist_mode"));
    }
    SUBCASE("one replica") {
        input.replicas = 1;
        CHECK(c.says(Severity::note, "input.stream", "one replica"));
    }
    SUBCASE("short max_age") {
        input.max_age = std::chrono::minutes(59);
        CHECK(c.says(Severity::warning, "input.stream", "drops events after 59m"));
    }
    SUBCASE("max_age against the backlog") {
        input.max_age = std::chrono::hours(24);
        c.seen.server_now = ServerTime{std::chrono::hours(1000)};
        c.seen.oldest_unacked = *c.seen.server_now - std::chrono::hours(11);
        CHECK_FALSE(c.says(Severity::warning, "input.stream", "half its max_age"));
        c.seen.oldest_unacked = *c.seen.server_now - std::chrono::hours(13);
        CHECK(c.says(Severity::warning, "input.stream", "half its max_age"));
    }
    SUBCASE("max_bytes against the backlog") {
        input.max_bytes = 1000;
        input.bytes = 799;
        c.seen.consumers[0]->pending = 10;
        CHECK_FALSE(c.says(Severity::warning, "input.stream", "full"));
        CHECK(c.says(Severity::note, "input.stream", "when it is full"));
        input.bytes = 800;
        CHECK(c.says(Severity::warning, "input.stream", "80% full with 10 events unread"));
        c.seen.consumers[0]->pending = 0;
        CHECK_FALSE(c.says(Severity::warning, "input.stream", "full"));
        input.discard = "new";
        CHECK(judge(c.pipeline, "p", c.seen).empty());
    }
    SUBCASE("limits where the consumer is still to be made") {
        c.seen.consumers[0].reset();
        input.max_age = std::chrono::hours(24);
        input.max_msgs = 10;
        input.messages = 9;
        c.seen.server_now = ServerTime{std::chrono::hours(1000)};
        input.first_stored = *c.seen.server_now - std::chrono::hours(13);
        CHECK(c.says(Severity::warning, "input.stream", "90% full with 9 events unread"));
        CHECK(c.says(Severity::warning, "input.stream", "half its max_age"));
        c.pipeline.input.start = settings::StartNew{};
        CHECK_FALSE(c.says(Severity::warning, "input.stream", ""));
    }
    SUBCASE("per subject") {
        input.max_msgs_per_subject = 1;
        CHECK(c.says(Severity::warning, "input.stream", "max_msgs_per_subject"));
    }
}

TEST_CASE("check: the consumer, or the settings where there is none") {
    Case c;
    auto& consumer = *c.seen.consumers[0];
    SUBCASE("ack_wait of the consumer counts") {
        consumer.ack_wait = std::chrono::seconds(14);
        CHECK(c.says(Severity::warning, "input.ack_wait", "14s is shorter"));
        CHECK(c.says(Severity::note, "input.ack_wait", "used as it is"));
    }
    SUBCASE("ack_wait of the settings") {
        c.seen.consumers[0].reset();
        c.pipeline.input.ack_wait = std::chrono::seconds(15);
        CHECK_FALSE(c.says(Severity::warning, "input.ack_wait", "shorter"));
        c.pipeline.input.ack_wait = std::chrono::milliseconds(14999);
        CHECK(c.says(Severity::warning, "input.ack_wait", "14999ms is shorter"));
    }
    SUBCASE("max_ack_pending") {
        consumer.max_ack_pending = 3999;  // 4 x 500 x 2 are wanted
        CHECK(c.says(Severity::warning, "input.max_ack_pending", "3999 is below 4000"));
        consumer.max_ack_pending = -1;
        CHECK(judge(c.pipeline, "p", c.seen).empty());
    }
    SUBCASE("another filter") {
        consumer.filters = {"events.a.trips"};
        CHECK(c.says(Severity::error, "input", "has the filter"));
        CHECK(c.says(Severity::error, "input", "delete the consumer by hand)"));
    }
    SUBCASE("deliveries limited") {
        consumer.max_deliver = 5;
        CHECK(c.says(Severity::warning, "input", "after 5 deliveries"));
        consumer.max_deliver = 1;
        CHECK(c.says(Severity::error, "input", "max_deliver 1"));
    }
}

TEST_CASE("check: no stream for what a shadow says is a warning, since nothing waits for it") {
    settings::Pipeline pipeline = trips();
    pipeline.endpoint.shadow.address.url = "http://127.0.0.1:2/score";
    pipeline.endpoint.shadow.subject = "shadow.{tenant}.trips";
    PipelineSurvey seen = fine(pipeline);
    seen.outputs.push_back({settings::publications(pipeline).back(), "shadow.*.trips", {}});
    const auto found = judge(pipeline, "p", seen);
    CHECK(says(found, Severity::warning, "endpoint.shadow.subject", "no stream stores 'shadow.*.trips'"));
    CHECK(std::ranges::count(found, Severity::error, &Finding::severity) == 0);
    seen.outputs.back().streams = {stream("ELSEWHERE", {"shadow.>"})};
    seen.outputs.back().streams.front().duplicate_window = {};
    CHECK(judge(pipeline, "p", seen).size() == found.size() - 1);
}

TEST_CASE("check: no stream for the audit is an error, since everything waits for it") {
    settings::Pipeline pipeline = trips();
    pipeline.audit.subject = "millrace.audit.trips";
    PipelineSurvey seen = fine(pipeline);
    seen.outputs.push_back({settings::publications(pipeline).back(), "millrace.audit.trips", {}});
    CHECK(
        says(judge(pipeline, "p", seen), Severity::error, "audit.subject", "no stream stores 'millrace.audit.trips'"));
    seen.outputs.back().streams = {stream("TRAIL", {"millrace.audit.>"})};
    seen.outputs.back().streams.front().no_ack = true;
    CHECK(says(judge(pipeline, "p", seen), Severity::error, "audit.subject", "no_ack"));
}

TEST_CASE("check: outputs without one stream, and streams that forget") {
    Case c;
    SUBCASE("none") {
        c.output(Output::dead_letter).streams.clear();
        CHECK(c.says(Severity::error, "dead_letter.subject", "no stream stores 'dead.*.trips'"));
    }
    SUBCASE("spread") {
        c.output(Output::result).streams.push_back(stream("MORE", {"results.b.>"}));
        CHECK(c.says(Severity::error, "results.subject", "spread"));
    }
    SUBCASE("partial") {
        c.out(Output::result).subjects = {"results.a.>"};
        CHECK(c.says(Severity::error, "results.subject", "only some"));
    }
    SUBCASE("another stream was named") {
        c.output(Output::result).row.stream = "ELSEWHERE";
        CHECK(c.says(Severity::error, "results.stream", "does not store the results"));
    }
    SUBCASE("duplicate window") {
        c.out(Output::result).duplicate_window = std::chrono::seconds(29);
        CHECK(c.says(Severity::warning, "results.subject", "forgets identities after 29s"));
    }
    SUBCASE("two streams") {
        c.output(Output::dead_letter).streams = {stream("DEAD", {"dead.>"})};
        CHECK(c.says(Severity::warning, "dead_letter.subject", "may end as both"));
    }
    SUBCASE("sealed") {
        c.out(Output::result).sealed = true;
        CHECK(c.says(Severity::error, "results.subject", "sealed"));
    }
    SUBCASE("no answers") {
        c.out(Output::dead_letter).no_ack = true;
        CHECK(c.says(Severity::error, "dead_letter.subject", "no_ack"));
    }
    SUBCASE("full and refusing") {
        auto& out = c.out(Output::result);
        out.max_msgs = 10;
        out.messages = 8;
        CHECK_FALSE(c.says(Severity::warning, "results.subject", "full"));
        out.discard = "new";
        CHECK(c.says(Severity::warning, "results.subject", "80% full"));
        out.messages = 10;
        CHECK(c.says(Severity::error, "results.subject", "100% full"));
    }
    SUBCASE("small messages only") {
        c.out(Output::result).max_msg_size = 2048;
        CHECK(judge(c.pipeline, "p", c.seen).empty());
        c.out(Output::result).max_msg_size = 2047;
        CHECK(c.says(Severity::warning, "results.subject", "2047 bytes at most"));
    }
    SUBCASE("short max_age") {
        c.out(Output::result).max_age = std::chrono::minutes(59);
        CHECK(c.says(Severity::warning, "results.subject", "after 59m"));
    }
}

TEST_CASE("check: owned partitions have state, and an input that can be read again") {
    Case c(owned());
    SUBCASE("a careful operator hears nothing") { CHECK(judge(c.pipeline, "p", c.seen).empty()); }
    SUBCASE("no state stream") {
        c.output(Output::state).streams.clear();
        CHECK(c.says(Severity::error, "state.stream", "no stream stores 'millrace.state.trips.>'"));
    }
    SUBCASE("state that gets lost") {
        c.out(Output::state).max_age = std::chrono::hours(24);
        CHECK(c.says(Severity::error, "state.stream", "set max_age: 0"));
    }
    SUBCASE("state that is never let go of") {
        c.out(Output::state).deny_purge = true;
        CHECK(c.says(Severity::warning, "state.stream", "deny_purge"));
    }
    SUBCASE("state needs no identities, outputs for as long as a lease") {
        c.out(Output::state).duplicate_window = {};
        CHECK(judge(c.pipeline, "p", c.seen).empty());
        c.out(aggregate_output(0)).duplicate_window = std::chrono::seconds(14);
        CHECK(c.says(Severity::warning, "aggregates[0].subject", "state.lease 15s"));
    }
    SUBCASE("another stream was named") {
        c.output(Output::state).row.stream = "ELSEWHERE";
        CHECK(c.says(Severity::error, "state.stream", "does not store the state; stream 'STATE' does"));
    }
    SUBCASE("a work queue") {
        c.seen.input->retention = "workqueue";
        CHECK(c.says(Severity::error, "input.stream", "retention: limits"));
    }
}

TEST_CASE("check: the bucket of a summary") {
    auto pipeline = owned();
    pipeline.name = "trips";
    pipeline.aggregates[0].kv_bucket = "sums";
    Case c(pipeline);
    const auto* const field = "aggregates[0].kv_bucket";
    auto& bucket = c.out(summary_output(0));
    SUBCASE("a careful operator hears nothing") { CHECK(judge(c.pipeline, "p", c.seen).empty()); }
    SUBCASE("it may expire, and needs no identities") {
        bucket.max_age = std::chrono::minutes(1);
        bucket.duplicate_window = std::chrono::seconds(1);
        CHECK(judge(c.pipeline, "p", c.seen).empty());
    }
    SUBCASE("none") {
        c.output(summary_output(0)).streams.clear();
        CHECK(c.says(Severity::error, field, "no stream stores '$KV.sums.trips.counts.>'"));
    }
    SUBCASE("a stream that keeps everything") {
        bucket.max_msgs_per_subject = -1;
        CHECK(c.says(Severity::error, field, "set max_msgs_per_subject: 1"));
    }
    SUBCASE("a copy of another bucket") {
        bucket.is_fed = true;
        CHECK(c.says(Severity::error, field, "fed by another stream"));
    }
    SUBCASE("a stream of another name") {
        bucket.name = "ALL";
        CHECK(c.says(Severity::error, field, "belongs in the bucket's own, 'KV_sums'"));
    }
    SUBCASE("a full one") {
        bucket.discard = "new";
        bucket.max_bytes = 100;
        bucket.bytes = 100;
        CHECK(c.says(Severity::error, field, "100% full"));
    }
}
