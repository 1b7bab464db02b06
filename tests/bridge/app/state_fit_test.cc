// The rules by which a head of a document may be stored.
#include "bridge/app/state_fit.h"

#include <doctest/doctest.h>

#include "bridge/base/text.h"

using namespace millrace;
using namespace millrace::app;
using namespace std::chrono_literals;

namespace {

constexpr ServerTime kNow(1'000'000s);

settings::Pipeline counts() {
    settings::Pipeline pipeline;
    pipeline.name = "counts";
    pipeline.input.stream = "EVENTS";
    pipeline.aggregates.resize(1);
    pipeline.aggregates[0].name = "all";
    pipeline.state.lease = 15s;
    return pipeline;
}

// What `counts` has written.
state::Head some_head() {
    state::Head head;
    head.epoch = 2;
    head.writer[0] = 1;
    head.commit = 20;
    head.fingerprint = settings::fingerprint(counts());
    head.input_created = ServerTime(1s);
    head.floor = 100;
    head.floor_stored = ServerTime(2s);
    head.clear_to = 110;
    head.content_digest[0] = 7;
    return head;
}

StoredHead there(state::Head head, Duration age = 1h) { return {std::move(head), 33, kNow - age}; }

// The name of what is wrong.
std::string name(const Result<void>& result) {
    return result ? "" : result.error().text.substr(0, result.error().text.find(':'));
}

}  // namespace

TEST_CASE("state of another meaning is taken when asked for, of another layout or generation never") {
    const state::PipelineState state{"counts", hex(settings::layout(counts())), {}};
    const auto fit = [&](auto change, bool accept) {
        settings::Pipeline pipeline = counts();
        change(pipeline);
        return name(fits_configuration(pipeline, state, some_head(), accept));
    };
    CHECK(fit([](auto&) {}, false).empty());
    const auto meaning = [](auto& pipeline) { pipeline.event.early_limit = 1s; };
    CHECK(fit(meaning, false) == "fingerprint_mismatch");
    CHECK(fit(meaning, true).empty());
    CHECK(fit([](auto& pipeline) { pipeline.generation = 2; }, true) == "generation_mismatch");
    CHECK(fit([](auto& pipeline) { pipeline.aggregates[0].window.size = 1s; }, true) == "layout_mismatch");
    CHECK(fit([](auto& pipeline) { pipeline.partitions = 2; }, true) == "layout_mismatch");
}

TEST_CASE("what is not known to be published needs its output, and a summary that is not wanted any more does not") {
    settings::Pipeline pipeline = counts();
    pipeline.aggregates[0].subject = "aggregates.{tenant}.all";
    state::Content content;
    CHECK(has_outputs(pipeline, content));
    content.outbox.resize(1);
    state::OutboxEntry& entry = content.outbox[0];
    entry.output = static_cast<std::uint32_t>(index(aggregate_output(0)));
    entry.subject = "aggregates.a.all";
    CHECK(has_outputs(pipeline, content));
    entry.output = static_cast<std::uint32_t>(index(Output::late));
    entry.subject = "late.a.all";
    const auto missing = has_outputs(pipeline, content);
    CHECK(name(missing) == "output_missing");
    CHECK(missing.error().text.contains("late.a.all"));
    pipeline.event.on_late = settings::OnLate::subject;
    pipeline.event.late_subject = "late.{tenant}.all";
    CHECK(has_outputs(pipeline, content));
    entry.output = static_cast<std::uint32_t>(index(summary_output(0)));
    entry.subject = "$KV.NEWEST.a.all";
    CHECK(has_outputs(pipeline, content));
}

TEST_CASE("a head is replaced that is nobody's and holds nothing newer") {
    const auto over = [](auto change, Duration age) {
        state::Head head = some_head();
        change(head);
        return name(may_replace(counts(), there(head, age), some_head(), kNow));
    };
    CHECK(over([](auto&) {}, 15s).empty());
    CHECK(over([](auto&) {}, 14s) == "owner_alive");
    CHECK(over([](auto& head) { head.released = true; }, 0s).empty());
    CHECK(over([](auto& head) { head.commit = 19; }, 1h).empty());
    CHECK(over([](auto& head) { head.commit = 21; }, 1h) == "state_regressed");
    CHECK(over([](auto& head) { head.writer[0] = 2; }, 1h) == "state_regressed");
    CHECK(over([](auto& head) { head.generation = 2; }, 1h) == "generation_mismatch");
}

TEST_CASE("what was imported already is known again, until its owner goes on") {
    const Digest meaning = some_head().fingerprint;
    const auto imported = [&](auto change) {
        state::Head head = some_head();
        head.epoch = 3;
        head.commit = 21;
        head.writer[0] = 9;
        head.released = true;
        change(head);
        return is_from(there(head, 0s), some_head(), meaning);
    };
    CHECK(imported([](auto&) {}));
    CHECK_FALSE(imported([](auto& head) { head.base = 30; }));
    CHECK_FALSE(imported([](auto& head) { head.released = false; }));
    CHECK_FALSE(imported([](auto& head) { head.floor = 101; }));
    CHECK_FALSE(imported([](auto& head) { head.content_digest[0] = 8; }));
    CHECK_FALSE(imported([](auto& head) { head.fingerprint[0] ^= 1; }));
    CHECK_FALSE(imported([](auto& head) { head.commit = 20; }));
}

TEST_CASE("the input has to be the one the state was made of, and whole") {
    const auto on = [](auto change) {
        Bound streams;
        streams.stream_created = ServerTime(1s);
        streams.input_first_sequence = 1;
        streams.input_last_sequence = 200;
        change(streams);
        return name(fits_input(some_head(), streams));
    };
    CHECK(on([](auto&) {}).empty());
    CHECK(on([](auto& streams) { streams.stream_created = ServerTime(2s); }) == "input_regressed");
    CHECK(on([](auto& streams) { streams.input_last_sequence = 99; }) == "input_regressed");
    CHECK(on([](auto& streams) { streams.input_first_sequence = 111; }).empty());
    CHECK(on([](auto& streams) { streams.input_first_sequence = 112; }) == "input_trimmed");
}
