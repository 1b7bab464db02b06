// What is read of a score for windows, and which score a stored message stands for.
#include "bridge/codec/score_reader.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "subjects/identity.h"

using namespace millrace;

namespace {

settings::Pipeline of_scores(const std::vector<std::string>& paths) {
    settings::Pipeline pipeline;
    Aggregate aggregate;
    for (const std::string& path : paths) {
        Select select;
        select.function = Function::sum;
        select.operand = {Operand::From::score, path};
        aggregate.select.push_back(select);
    }
    pipeline.aggregates = {aggregate};
    return pipeline;
}

std::vector<Value> values(const std::string& score, const std::vector<std::string>& paths) {
    const auto pipeline = of_scores(paths);
    codec::ScoreReader reader(pipeline);
    Event event;
    event.values.assign(paths.size(), Null{});
    event.settlement.score = score;
    reader.add_values(event);
    return event.values;
}

Event event_of(const std::string& text) {
    const std::array<subjects::Part, 1> tuple = {std::string_view(text)};
    Event event;
    event.id = subjects::identity_of(tuple);
    return event;
}

StreamMessage stored_for(const Event& event, std::string payload, std::vector<Header> more = {}) {
    StreamMessage message;
    message.headers = std::move(more);
    message.headers.emplace_back("Nats-Msg-Id", subjects::to_hex(event.id));
    message.payload = std::move(payload);
    return message;
}

bool read_back(const StreamMessage& message, Event& event) {
    const auto pipeline = of_scores({""});
    return codec::ScoreReader(pipeline).read_back(message, {7, event.element}, event);
}

}  // namespace

TEST_CASE("score reader: a score may be a value, an array or an object") {
    CHECK(values("11.5", {""})[0] == Value(11.5));
    CHECK(values("\"high\"", {""})[0] == Value(std::string("high")));
    CHECK(values("[3,4]", {"/1"})[0] == Value(std::int64_t{4}));
    CHECK(values(R"({"fare":7,"by":{"km":2}})", {"fare", "/by/km"}) ==
          std::vector<Value>{Value(std::int64_t{7}), Value(std::int64_t{2})});
    CHECK(values(R"({"fare":7})", {""})[0] == Value(RawJson{R"({"fare":7})"}));
}

TEST_CASE("score reader: names are names, whatever a pointer would make of them") {
    CHECK(values(R"({"a/b":1,"a":{"b":2},"c~d":3})", {"a/b", "/a/b", "c~d"}) ==
          std::vector<Value>{Value(std::int64_t{1}), Value(std::int64_t{2}), Value(std::int64_t{3})});
}

TEST_CASE("score reader: what is not there is null, and so is all of a score too deep to read") {
    CHECK(values("5", {"fare"})[0] == Value(Null{}));
    CHECK(values("null", {""})[0] == Value(Null{}));
    CHECK(values(std::string(64, '[') + std::string(64, ']'), {""})[0] == Value(Null{}));
}

TEST_CASE("score reader: the score of a stored result replaces what was computed since") {
    Event event = event_of("e");
    event.settlement.score = "2";
    event.settlement.verdict = Verdict{Reason::rejected, "", 0, {}};
    CHECK(read_back(stored_for(event, R"({"score":{"a":1},"included":9})"), event));
    CHECK(event.settlement.score == R"({"a":1})");
    CHECK(!event.settlement.verdict);
    CHECK(event.settlement.told);
}

TEST_CASE("score reader: a stored dead letter is a verdict that was told") {
    Event event = event_of("e");
    CHECK(read_back(stored_for(event, "{}", {{"Millrace-Reason", "model_raised"}}), event));
    REQUIRE(event.settlement.verdict);
    CHECK(event.settlement.verdict->reason == Reason::model_raised);
    CHECK(event.settlement.told);
}

TEST_CASE("score reader: another message, and one that is neither, says nothing") {
    Event event = event_of("e");
    event.settlement.score = "2";
    CHECK(!read_back(stored_for(event_of("another"), R"({"score":1})"), event));
    CHECK(!read_back(stored_for(event, R"({"value":1})"), event));
    CHECK(!read_back(stored_for(event, "no json"), event));
    CHECK(!read_back(stored_for(event, "{}", {{"Millrace-Reason", "of another age"}}), event));
    CHECK(event.settlement.score == "2");
    CHECK(!event.settlement.told);
}

TEST_CASE("score reader: a stored score that is too deep to be read counts all the same") {
    const auto pipeline = of_scores({""});
    codec::ScoreReader reader(pipeline);
    Event event = event_of("one");
    event.values.assign(1, Null{});
    event.settlement.score = "7";
    const std::string deep = std::string(100, '[') + std::string(100, ']');
    CHECK(reader.read_back(stored_for(event, R"({"score":)" + deep + "}"), {7, event.element}, event));
    reader.add_values(event);
    CHECK(event.values[0] == Value(Null{}));
}
