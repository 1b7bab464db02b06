// What the decoder reads of an event for windows: its time and its values.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bridge/codec/event_decoder.h"
#include "bridge/windows/operands.h"

using namespace millrace;

namespace {

settings::Pipeline aggregated(std::vector<std::string> group_by, std::string timestamp = {}) {
    settings::Pipeline pipeline;
    Aggregate aggregate;
    aggregate.group_by = std::move(group_by);
    pipeline.aggregates = {aggregate};
    pipeline.event.timestamp = std::move(timestamp);
    return pipeline;
}

std::vector<Event> decode(const settings::Pipeline& pipeline, std::string payload, Delivery& delivery) {
    delivery.payload = Payload(std::move(payload));
    codec::EventDecoder(pipeline).decode(delivery);
    return delivery.events;
}

// The one value of `{"a":RAW}`.
Value value_of(const std::string& raw) {
    Delivery delivery;
    const auto events = decode(aggregated({"a"}), "{\"a\":" + raw + "}", delivery);
    REQUIRE(events.size() == 1);
    REQUIRE(events[0].values.size() == 1);
    return events[0].values[0];
}

std::string detail_of(const std::string& payload) {
    Delivery delivery;
    const auto events = decode(aggregated({"a"}, "/at"), payload, delivery);
    REQUIRE(events.size() == 1);
    if (!events[0].fault) return "";
    CHECK(events[0].fault->reason == Reason::timestamp_invalid);
    CHECK_FALSE(events[0].at);
    return events[0].fault->detail;
}

}  // namespace

TEST_CASE("windows' fields: values are typed") {
    CHECK(value_of("null") == Value(Null{}));
    CHECK(value_of("true") == Value(true));
    CHECK(value_of("false") == Value(false));
    CHECK(value_of("12") == Value(std::int64_t{12}));
    CHECK(value_of("-0") == Value(std::int64_t{0}));
    CHECK(value_of("9223372036854775807") == Value(std::numeric_limits<std::int64_t>::max()));
    CHECK(value_of("-9223372036854775808") == Value(std::numeric_limits<std::int64_t>::min()));
    CHECK(value_of("9223372036854775808") == Value(9223372036854775808.0));
    CHECK(value_of("12.0") == Value(12.0));
    CHECK(value_of("1e2") == Value(100.0));
    CHECK(value_of("0.1") == Value(0.1));
    CHECK(value_of("1E400") == Value(std::numeric_limits<double>::infinity()));
    CHECK(value_of("-1E400") == Value(-std::numeric_limits<double>::infinity()));
    CHECK(value_of("1E-400") == Value(0.0));
    CHECK(value_of(std::string(400, '9')) == Value(std::numeric_limits<double>::infinity()));
    CHECK(value_of(std::string(400, '9') + "e-400").index() == Value(0.0).index());
    CHECK(std::get<double>(value_of(std::string(400, '9') + "e-400")) == doctest::Approx(1.0));
    CHECK(value_of("\"\"") == Value(std::string()));
    CHECK(value_of("\"caf\xc3\xa9\"") == Value(std::string("caf\xc3\xa9")));
    CHECK(value_of(R"("caf\u00e9 \"\\\/\n\ud83d\ude00")") == Value(std::string("caf\xc3\xa9 \"\\/\n\xf0\x9f\x98\x80")));
    CHECK(value_of(R"("a\u0000b")") == Value(std::string("a\0b", 3)));
    CHECK(value_of(R"("\ud800")") == Value(RawJson{R"("\ud800")"}));  // stands for no text
    CHECK(value_of(R"({"x" : 1})") == Value(RawJson{R"({"x" : 1})"}));
    CHECK(value_of("[1, 2]") == Value(RawJson{"[1, 2]"}));
}

TEST_CASE("windows' fields: in the order of the operands; absent ones and those of the score are null") {
    settings::Pipeline pipeline = aggregated({"b", "/x/y"});
    Select of_score;
    of_score.operand = {Operand::From::score, ""};
    Select of_event;
    of_event.operand = {Operand::From::event, "a"};
    Select again;
    again.operand = {Operand::From::event, "b"};
    pipeline.aggregates[0].select = {of_score, of_event, again};
    Delivery delivery;
    const auto events = decode(pipeline, R"([{"a":1,"b":2,"x":{"y":3}},{"score":9}])", delivery);
    REQUIRE(windows::operands(pipeline.aggregates).size() == 4);
    REQUIRE(events.size() == 2);
    const std::vector<Value> all = {std::int64_t{2}, std::int64_t{3}, Null{}, std::int64_t{1}};
    CHECK(events[0].values == all);
    CHECK(events[1].values == std::vector<Value>(4));
    CHECK_FALSE(events[0].at);
    CHECK_FALSE(events[0].fault);
    CHECK(events[0].row.empty());  // nothing is scored
}

TEST_CASE("windows' fields: the time of an event, or why it has none") {
    Delivery delivery;
    const auto events = decode(aggregated({"a"}, "/at"), R"([{"at":"1970-01-01T00:00:01Z"},{"at":1}])", delivery);
    REQUIRE(events.size() == 2);
    CHECK(events[0].at == ServerTime(std::chrono::seconds(1)));
    CHECK_FALSE(events[0].fault);
    CHECK(events[1].fault);
    CHECK(detail_of(R"({"at":"1970-01-01T00:00:01"})") ==
          "/at has no offset (write Z, or one such as +01:00, behind it)");
    CHECK(detail_of(R"({"at":null})") == "/at is no text with a time in it");
    CHECK(detail_of("{}") == "/at is missing");
    CHECK(detail_of(R"({"at":[]})") == "/at is no text with a time in it");
}

TEST_CASE("windows' fields: a large event without an endpoint is no fault, and values count as held") {
    settings::Pipeline pipeline = aggregated({"a"});
    pipeline.endpoint.max_batch_bytes = 10;
    Delivery delivery;
    decode(pipeline, R"({"a":")" + std::string(5000, 'x') + "\"}", delivery);
    REQUIRE(delivery.events.size() == 1);
    CHECK_FALSE(delivery.events[0].fault);
    const std::size_t held = held_bytes(delivery);
    delivery.events[0].values.clear();
    CHECK(held - held_bytes(delivery) >= 5000 + sizeof(Value));
}

TEST_CASE("windows' fields: an event that cannot be scored has its time all the same") {
    settings::Pipeline pipeline = aggregated({"a"}, "at");
    pipeline.endpoint.url = "http://model";
    pipeline.event.features = {{"distance", std::nullopt}};
    Delivery delivery;
    const auto events = decode(pipeline, R"({"at":"1970-01-01T00:00:01Z","a":5})", delivery);
    REQUIRE(events[0].fault);
    CHECK(events[0].fault->reason == Reason::field_missing);
    CHECK(events[0].at == ServerTime(std::chrono::seconds(1)));
}

TEST_CASE("windows' fields: nothing is read for a pipeline without aggregates") {
    settings::Pipeline pipeline;
    pipeline.event.timestamp = "at";
    Delivery delivery;
    const auto events = decode(pipeline, R"({"at":"no time"})", delivery);
    CHECK_FALSE(events[0].fault);
    CHECK_FALSE(events[0].at);
    CHECK(events[0].values.empty());
    CHECK(events[0].row == R"({"at":"no time"})");
}
