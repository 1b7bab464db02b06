#include "bridge/app/setup.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "bridge/app/partition_mapping.h"
#include "subjects/subject_template.h"

using namespace millrace;
using namespace millrace::app;

namespace {

settings::Pipeline pipeline(const std::string& name) {
    settings::Pipeline out;
    out.name = name;
    out.input.stream = "EVENTS";
    out.input.subject = "events.{tenant}." + name;
    out.endpoint.url = "http://127.0.0.1:1/score";
    out.results.subject = "results.{tenant}." + name;
    out.dead_letter.subject = "dead.{tenant}." + name;
    out.dead_letter.unroutable_subject = "dead-unroutable." + name;
    return out;
}

// Nothing is on the server yet.
PipelineSurvey empty(const settings::Pipeline& of) {
    PipelineSurvey seen;
    seen.input_filter = "events.*." + of.name;
    for (auto& row : settings::outputs(of)) {
        auto filter = subjects::SubjectTemplate::parse(row.subject, subjects::Use::input).value().filter();
        seen.outputs.push_back({std::move(row), std::move(filter), {}});
    }
    seen.consumers.resize(of.partitions);
    seen.consumer_filter.assign(of.partitions, seen.input_filter);
    return seen;
}

io::StreamFound stream(const std::string& name, std::vector<std::string> subjects) {
    io::StreamFound out;
    out.name = name;
    out.subjects = std::move(subjects);
    out.duplicate_window = std::chrono::minutes(2);
    return out;
}

void store_all(PipelineSurvey& seen, const io::StreamFound& in) {
    for (auto& output : seen.outputs) output.streams = {in};
}

struct Case {
    explicit Case(std::vector<settings::Pipeline> pipelines) {
        settings.pipelines = std::move(pipelines);
        for (const auto& p : settings.pipelines) seen.pipelines.push_back(empty(p));
    }
    [[nodiscard]] std::vector<Step> steps() const { return plan(settings, seen, {false, 3}); }
    template <typename Action>
    [[nodiscard]] std::vector<Action> all() const {
        std::vector<Action> out;
        for (const auto& step : steps()) {
            if (const auto* action = std::get_if<Action>(&step.action)) out.push_back(*action);
        }
        return out;
    }
    [[nodiscard]] bool blocked() const { return std::ranges::any_of(steps(), &Step::blocked); }

    settings::Settings settings;
    Survey seen;
};

}  // namespace

TEST_CASE("setup: two pipelines on one stream plan it once, streams before consumers") {
    const Case c({pipeline("a"), pipeline("b")});
    const auto streams = c.all<io::StreamWish>();
    REQUIRE(streams.size() == 3);
    CHECK(streams[0].name == "EVENTS");
    CHECK(streams[0].subjects == std::vector<std::string>{"events.*.a", "events.*.b"});
    CHECK(streams[0].replicas == 3);
    CHECK(streams[1].name == "a-results");
    CHECK(streams[1].subjects == std::vector<std::string>{"results.*.a", "dead.*.a", "dead-unroutable.a"});
    CHECK(c.all<io::ConsumerWish>().size() == 2);
    CHECK(std::holds_alternative<io::StreamWish>(c.steps().front().action));
    CHECK_FALSE(c.blocked());
}

TEST_CASE("setup: dead letters go where the results are") {
    Case c({pipeline("a")});
    c.seen.pipelines[0].outputs[0].streams = {stream("OUT", {"results.>"})};
    const auto changes = c.all<ChangeStream>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].name == "OUT");
    CHECK(changes[0].change.add_subjects == std::vector<std::string>{"dead.*.a", "dead-unroutable.a"});
}

TEST_CASE("setup: a duplicate window only grows, and not past max_age") {
    Case c({pipeline("a")});
    c.settings.pipelines[0].input.ack_wait = std::chrono::minutes(5);
    auto out = stream("OUT", {"results.>", "dead.>", "dead-unroutable.>"});
    const auto widened = [&]() -> std::optional<Duration> {
        store_all(c.seen.pipelines[0], out);
        const auto changes = c.all<ChangeStream>();
        return changes.empty() ? std::nullopt : changes[0].change.duplicate_window;
    };
    CHECK(widened() == std::chrono::minutes(10));
    out.max_age = std::chrono::minutes(4);
    CHECK(widened() == std::chrono::minutes(4));
    out.duplicate_window = out.max_age;
    CHECK_FALSE(widened());
    out.max_age = {};
    out.duplicate_window = std::chrono::hours(1);
    CHECK_FALSE(widened());
}

TEST_CASE("setup: what needs a person is blocked and has no action") {
    Case c({pipeline("a")});
    auto& seen = c.seen.pipelines[0];
    SUBCASE("another stream has the input") {
        seen.on_input = {stream("OTHER", {"events.>"})};
        CHECK(c.blocked());
        const auto streams = c.all<io::StreamWish>();
        CHECK(std::ranges::none_of(streams, [](const auto& wish) { return wish.name == "EVENTS"; }));
    }
    SUBCASE("a stream has only some of an output") {
        seen.outputs[0].streams = {stream("OUT", {"results.x.>"})};
        CHECK(c.blocked());
    }
    SUBCASE("another stream than the one named has the results") {
        store_all(seen, stream("OUT", {"results.>", "dead.>", "dead-unroutable.>"}));
        CHECK_FALSE(c.blocked());
        seen.outputs[0].row.stream = "OUT";
        CHECK_FALSE(c.blocked());
        seen.outputs[0].row.stream = "ELSEWHERE";
        CHECK(c.blocked());
    }
    SUBCASE("a consumer is in the way") {
        seen.input = stream("EVENTS", {"events.>"});
        seen.on_input = {*seen.input};
        io::ConsumerFound consumer;
        consumer.filters = {"events.*.other"};
        consumer.ack_policy = "explicit";
        seen.consumers = {consumer};
        CHECK(c.blocked());
        CHECK(c.all<io::ConsumerWish>().empty());
    }
}

TEST_CASE("setup: partitions by transform from 2.10 on, by advice before") {
    auto p = pipeline("a");
    p.partitions = 2;
    p.input.subject = "events.{partition}.{tenant}.a";
    Case c({p});
    c.seen.pipelines[0].input_filter = "events.*.*.a";
    c.seen.server = io::ServerInfo{};
    c.seen.server->version = "2.9.10";
    CHECK(c.all<io::StreamWish>()[0].transform_target.empty());
    const auto told = c.steps();
    CHECK(std::ranges::any_of(told, [](const Step& s) { return s.text.contains("mappings = ") && !s.blocked; }));
    c.seen.server->version = "2.10.0";
    const auto wish = c.all<io::StreamWish>()[0];
    CHECK(wish.transform_source == "events.*.a");
    CHECK(wish.transform_target == "events.{{partition(2,1)}}.{{wildcard(1)}}.a");
    CHECK(wish.subjects == std::vector<std::string>{"events.*.*.a", "events.*.a"});
    CHECK(c.all<io::ConsumerWish>().size() == 2);
}

TEST_CASE("partition mapping: the tenant feeds the hash, else every wildcard") {
    const auto target = [](std::string_view subject) {
        const auto mapping = partition_mapping(subject, 8);
        return mapping ? mapping->source + " " + mapping->target : "none";
    };
    CHECK(target("{partition}.x.*.{tenant}") == "x.*.* {{partition(8,2)}}.x.{{wildcard(1)}}.{{wildcard(2)}}");
    CHECK(target("x.*.*.{partition}") == "x.*.* x.{{wildcard(1)}}.{{wildcard(2)}}.{{partition(8,1,2)}}");
    CHECK(target("x.{tenant}") == "none");
    CHECK(target("x.{partition}") == "none");
    CHECK(target("{partition}.{tenant}.>") == "none");
}

TEST_CASE("generation: compares versions by major and minor") {
    const auto of = [](const char* version) {
        io::ServerInfo info;
        info.version = version;
        return generation(info);
    };
    CHECK(of("2.9.10") == 2009);
    CHECK(of("2.15.1") == 2015);
    CHECK(of("3.0.0-beta") == 3000);
    CHECK(of("dev") == 0);
    CHECK(generation(std::nullopt) == 0);
}

namespace {

settings::Pipeline owned(const std::string& name) {
    auto out = pipeline(name);
    out.endpoint.url.clear();
    Aggregate aggregate;
    aggregate.name = name;
    aggregate.subject = "aggregates.{tenant}." + name;
    out.aggregates = {aggregate};
    return out;
}

OutputSurvey& state_of(PipelineSurvey& seen) {
    return *std::ranges::find(seen.outputs, Output::state, [](const auto& output) { return output.row.output; });
}

io::StreamFound state_stream() {
    auto out = stream("STATE", {"millrace.state.>"});
    out.retention = "limits";
    out.discard = "new";
    return out;
}

}  // namespace

TEST_CASE("setup: owned pipelines share one state stream, and have no consumer made for them") {
    const Case c({owned("a"), owned("b")});
    const auto streams = c.all<io::StreamWish>();
    REQUIRE(streams.size() == 4);
    CHECK(streams[1].name == "MILLRACE_STATE");
    CHECK(streams[1].subjects == std::vector<std::string>{"millrace.state.>"});
    CHECK(streams[1].discard == "new");
    CHECK(streams[1].retention == "limits");
    CHECK(streams[1].max_age == Duration::zero());
    CHECK(streams[1].max_msgs_per_subject == -1);
    CHECK(streams[2].name == "a-results");
    CHECK(streams[2].subjects == std::vector<std::string>{"dead.*.a", "dead-unroutable.a", "aggregates.*.a"});
    CHECK(c.all<io::ConsumerWish>().empty());
    CHECK_FALSE(c.blocked());
}

TEST_CASE("setup: a bucket is made as clients make one, once for all that share it") {
    auto a = owned("a");
    auto b = owned("b");
    a.aggregates[0].kv_bucket = b.aggregates[0].kv_bucket = "sums";
    Case c({a, b});
    const auto streams = c.all<io::StreamWish>();
    const auto bucket = std::ranges::find(streams, "KV_sums", &io::StreamWish::name);
    REQUIRE(bucket != streams.end());
    CHECK(bucket->subjects == std::vector<std::string>{"$KV.sums.>"});
    CHECK(bucket->key_value);
    CHECK(bucket->max_msgs_per_subject == 1);
    CHECK(bucket->discard == "new");
    CHECK(streams.size() == 5);
    CHECK_FALSE(c.blocked());
    auto& summary =
        *std::ranges::find(c.seen.pipelines[0].outputs, summary_output(0), [](const auto& o) { return o.row.output; });
    auto there = stream("KV_sums", {"$KV.sums.>"});
    there.retention = "limits";
    there.max_msgs_per_subject = 1;
    SUBCASE("one that is there is used") {
        summary.streams = {there};
        CHECK_FALSE(c.blocked());
    }
    SUBCASE("one that is none is left alone") {
        there.max_msgs_per_subject = -1;
        summary.streams = {there};
        CHECK(c.blocked());
    }
    SUBCASE("another stream has its subjects") {
        there.name = "ALL";
        summary.streams = {there};
        CHECK(c.blocked());
    }
}

TEST_CASE("setup: state is replicated like the outputs") {
    Case c({owned("a")});
    auto out = stream("OUT", {">"});
    out.replicas = 5;
    c.seen.pipelines[0].outputs[0].streams = {out};
    const auto streams = c.all<io::StreamWish>();
    const auto state = std::ranges::find(streams, "MILLRACE_STATE", &io::StreamWish::name);
    REQUIRE(state != streams.end());
    CHECK(state->replicas == 5);
}

TEST_CASE(
    "setup: state that is to be in a stream of outputs makes it one of atomic batches, where the server has them") {
    auto pipeline = owned("a");
    pipeline.state.stream = pipeline.results.stream = "ALL";
    Case c({pipeline});
    const auto all = [&] {
        const auto wishes = c.all<io::StreamWish>();
        return *std::ranges::find(wishes, "ALL", &io::StreamWish::name);
    };
    const auto server = [&](const std::string& version) { c.seen.server.emplace().version = version; };
    CHECK_FALSE(all().allow_atomic);
    server("2.12.2");
    CHECK(all().allow_atomic);
    CHECK(all().discard == "new");
    CHECK(std::ranges::count(all().subjects, "millrace.state.>") == 1);
    SUBCASE("one that is there already is changed") {
        auto there = state_stream();
        there.name = "ALL";
        there.subjects = {">"};
        for (auto& output : c.seen.pipelines[0].outputs) output.streams = {there};
        auto changes = c.all<ChangeStream>();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].change.allow_atomic);
        for (auto& output : c.seen.pipelines[0].outputs) output.streams[0].allow_atomic = true;
        CHECK(c.all<ChangeStream>().empty());
        server("2.11.9");
        for (auto& output : c.seen.pipelines[0].outputs) output.streams[0].allow_atomic = false;
        CHECK(c.all<ChangeStream>().empty());
    }
}

TEST_CASE("setup: a state stream that is there is used where it is fit, and never changed where it is not") {
    Case c({owned("a")});
    auto& seen = c.seen.pipelines[0];
    SUBCASE("it stores the state") {
        state_of(seen).streams = {state_stream()};
        CHECK_FALSE(c.blocked());
        CHECK(c.all<ChangeStream>().empty());
    }
    SUBCASE("it would lose the state") {
        auto lossy = state_stream();
        lossy.discard = "old";
        state_of(seen).streams = {lossy};
        CHECK(c.blocked());
    }
    SUBCASE("it has the name and not the subjects") {
        seen.state_home = state_stream();
        const auto changes = c.all<ChangeStream>();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].change.add_subjects == std::vector<std::string>{"millrace.state.>"});
    }
    SUBCASE("it has the name, and would lose the state") {
        seen.state_home = state_stream();
        seen.state_home->max_age = std::chrono::hours(1);
        CHECK(c.blocked());
        CHECK(c.all<ChangeStream>().empty());
    }
    SUBCASE("another stream than the one named has the state") {
        state_of(seen).streams = {state_stream()};
        state_of(seen).row.stream = "ELSEWHERE";
        CHECK(c.blocked());
    }
}

TEST_CASE("setup: audit messages have a stream of their own, for all pipelines") {
    Case c({pipeline("a"), pipeline("b")});
    for (std::size_t i = 0; i < 2; ++i) {
        auto& of = c.settings.pipelines[i];
        of.audit.subject = "millrace.audit." + of.name;
        c.seen.pipelines[i].outputs.push_back({settings::publications(of).back(), of.audit.subject, {}});
    }
    SUBCASE("it is made once") {
        const auto streams = c.all<io::StreamWish>();
        const auto made = std::ranges::find(streams, "MILLRACE_AUDIT", &io::StreamWish::name);
        REQUIRE(made != streams.end());
        CHECK(made->subjects == std::vector<std::string>{"millrace.audit.a", "millrace.audit.b"});
        CHECK(made->discard == "old");
    }
    SUBCASE("it is there and lacks one") {
        c.seen.pipelines[0].outputs.back().streams = {stream("MILLRACE_AUDIT", {"millrace.audit.a"})};
        for (auto& seen : c.seen.pipelines) seen.audit_home = stream("MILLRACE_AUDIT", {"millrace.audit.a"});
        const auto changes = c.all<ChangeStream>();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].name == "MILLRACE_AUDIT");
        CHECK(changes[0].change.add_subjects == std::vector<std::string>{"millrace.audit.b"});
    }
    SUBCASE("elsewhere is fine as well, and does not draw the results there") {
        for (auto& seen : c.seen.pipelines) seen.outputs.back().streams = {stream("TRAIL", {"millrace.audit.>"})};
        CHECK(c.all<ChangeStream>().empty());
        CHECK(std::ranges::count(c.all<io::StreamWish>(), "a-results", &io::StreamWish::name) == 1);
    }
}
