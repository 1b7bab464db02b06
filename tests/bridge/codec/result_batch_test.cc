// Batches of results: what they say, and what is read out of them.
#include "bridge/codec/result_batch.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bridge/base/header.h"
#include "bridge/codec/render.h"
#include "bridge/codec/score_reader.h"
#include "subjects/identity.h"

using namespace millrace;

namespace {

struct Batch {
    Batch() {
        pipeline.name = "trips";
        pipeline.ordered = true;
        pipeline.generation = 3;
        pipeline.input.stream = "EVENTS";
        pipeline.endpoint.url = "http://model/score";
        pipeline.results.subject = "results.{tenant}.trips";
        pipeline.results.as = settings::ResultsAs::batch;
        pipeline.dead_letter = {"dead.{tenant}.trips", "dead-unroutable.trips"};
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            deliveries[i].partition = 2;
            deliveries[i].tenant = "acme";
            deliveries[i].stream_sequence = 11 + i;
            deliveries[i].events.resize(2);
            for (std::uint32_t element = 0; element < 2; ++element) {
                Event& event = deliveries[i].events[element];
                event.element = element;
                event.settlement.score = "[" + std::to_string(10 * i + element) + R"(,{"a":"],}\""}])";
            }
        }
        deliveries[0].events[0].included = R"("trip":"x")";
        events = {{&deliveries[0], &deliveries[0].events[0]},
                  {&deliveries[0], &deliveries[0].events[1]},
                  {&deliveries[1], &deliveries[1].events[1]}};
    }

    StreamMessage stored() const {
        auto made = codec::Renderer(pipeline).render_batch(events, 1 << 20);
        REQUIRE(made);
        return {40, {}, made->subject, made->headers, made->payload};
    }

    settings::Pipeline pipeline;
    std::vector<Delivery> deliveries = std::vector<Delivery>(2);
    std::vector<codec::InBatch> events;
};

}  // namespace

TEST_CASE("result batch: what it says") {
    const StreamMessage message = Batch().stored();
    CHECK(message.subject == "results.acme.trips");
    CHECK(
        message.payload ==
        R"({"partition":2,"first_sequence":11,"last_sequence":12,"count":3,"sequences":[11,11,12],"elements":[0,1,1],)"
        R"("results":[{"score":[0,{"a":"],}\""}],"trip":"x"},{"score":[1,{"a":"],}\""}]},{"score":[11,{"a":"],}\""}]}]})");
    const std::vector<Header> expected = {
        {"Millrace-Pipeline", "trips"},      {"Millrace-Tenant", "acme"},       {"Millrace-Kind", "results"},
        {"Millrace-Input-Stream", "EVENTS"}, {"Millrace-First-Sequence", "11"}, {"Millrace-First-Element", "0"},
        {"Millrace-Last-Sequence", "12"},    {"Millrace-Last-Element", "1"},    {"Millrace-Count", "3"},
        {"Millrace-Generation", "3"},        {"Millrace-Partition", "2"}};
    REQUIRE(message.headers.size() == expected.size() + 1);
    CHECK(message.headers.front().first == "Nats-Msg-Id");
    CHECK(std::vector<Header>(message.headers.begin() + 1, message.headers.end()) == expected);
}

TEST_CASE("result batch: which results a message holds") {
    Batch batch;
    const StreamMessage message = batch.stored();
    const auto run = codec::results_in(batch.pipeline, 2, message);
    REQUIRE(run);
    CHECK(*run == StoredRun{{Output::result, 40}, 3, 2, "acme", {11, 0}, {12, 1}});
    CHECK_FALSE(codec::results_in(batch.pipeline, 1, message));
    CHECK_FALSE(codec::results_in(batch.pipeline, 2, {40, {}, {}, {}, "{}"}));
    batch.pipeline.generation = 4;
    CHECK_FALSE(codec::results_in(batch.pipeline, 2, message));
    batch.pipeline.generation = 3;
    for (const auto& [name, value] : message.headers) {
        StreamMessage lacking = message;
        std::erase_if(lacking.headers, [&](const Header& header) { return header.first == name; });
        const bool matters = name != "Nats-Msg-Id" && name != "Millrace-Count" && name != "Millrace-Tenant";
        CAPTURE(name);
        CHECK(codec::results_in(batch.pipeline, 2, lacking).has_value() == !matters);
    }
}

TEST_CASE("result batch: a result by itself says the same of its event") {
    Batch batch;
    const auto made =
        codec::Renderer(batch.pipeline).render(batch.deliveries[1], batch.deliveries[1].events[0], 1 << 20);
    REQUIRE(made);
    const auto run = codec::results_in(batch.pipeline, 2, {41, {}, made->subject, made->headers, made->payload});
    REQUIRE(run);
    CHECK(*run == StoredRun{{Output::result, 41}, 3, 2, "acme", {12, 0}, {12, 0}});
    CHECK_FALSE(codec::batch_in(made->headers));
}

TEST_CASE("result batch: one result is read out of it") {
    Batch batch;
    const StreamMessage message = batch.stored();
    CHECK(codec::result_in(message.payload, {11, 1}) == R"({"score":[1,{"a":"],}\""}]})");
    CHECK(codec::result_in(message.payload, {12, 0}).empty());
    CHECK(codec::result_in("no json", {11, 0}).empty());
    CHECK(codec::result_in(R"({"sequences":[11],"elements":[0],"results":[]})", {11, 0}).empty());
    Event event;
    codec::ScoreReader reader(batch.pipeline);
    CHECK(reader.read_back(message, {12, 1}, event));
    CHECK(event.settlement.score == R"([11,{"a":"],}\""}])");
    CHECK(event.settlement.told);
    CHECK_FALSE(reader.read_back(message, {13, 0}, event));
}

TEST_CASE("result batch: too large is said, and never cut") {
    Batch batch;
    const auto made = codec::Renderer(batch.pipeline).render_batch(batch.events, 300);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::too_large);
}
