// `where` and computed features, from bytes to rows, and what tells of events that are not selected.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bridge/codec/event_decoder.h"
#include "bridge/codec/render.h"
#include "bridge/settings/outputs.h"

using namespace millrace;

namespace {

using Texts = std::vector<std::string>;

settings::Pipeline trips() {
    settings::Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.input.stream = "EVENTS";
    pipeline.endpoint.url = "http://127.0.0.1:1/score";
    pipeline.event.features = {{"distance", {}}};
    pipeline.results.subject = "results.{tenant}";
    pipeline.dead_letter = {"dead.{tenant}", "dead-unroutable"};
    return pipeline;
}

Delivery decode(const settings::Pipeline& pipeline, std::string payload) {
    Delivery delivery;
    delivery.tenant = "acme";
    delivery.payload = Payload(std::move(payload));
    codec::EventDecoder(pipeline).decode(delivery);
    return delivery;
}

// Of each event its row, its fault, or what it is instead of selected.
Texts outcome(const settings::Pipeline& pipeline, std::string payload) {
    Texts all;
    for (const Event& event : decode(pipeline, std::move(payload)).events) {
        if (event.selection != Selection::selected) {
            CHECK(event.row.empty());
            CHECK(event.values.empty());
            CHECK_FALSE(event.fault);
            all.push_back(event.selection == Selection::filtered ? "filtered" : "bypassed");
        } else {
            all.push_back(event.fault ? std::string(name(event.fault->reason)) + " " + event.fault->detail : event.row);
        }
    }
    return all;
}

Texts rows(std::vector<settings::Feature> features, std::string payload,
           settings::RowShape shape = settings::RowShape::arrays) {
    auto pipeline = trips();
    pipeline.event.features = std::move(features);
    pipeline.endpoint.rows = shape;
    return outcome(pipeline, std::move(payload));
}

std::string header(const codec::Rendered& made, std::string_view name) {
    const auto at = std::ranges::find(made.headers, name, &Header::first);
    return at == made.headers.end() ? "(none)" : at->second;
}

}  // namespace

TEST_CASE("events for which the condition is true are selected, and no others") {
    auto pipeline = trips();
    pipeline.where = "distance IS NOT NULL AND passenger > 0";
    CHECK(outcome(pipeline, R"([{"distance":1.50,"passenger":1},{"distance":2,"passenger":0},{"passenger":1},)"
                            R"({"distance":null,"passenger":1},{"distance":3},{"distance":4,"passenger":"1"},)"
                            R"({"distance":5,"passenger":[1]}])") ==
          Texts{"[1.50]", "filtered", "filtered", "filtered", "filtered", "filtered", "filtered"});
}

TEST_CASE("an element that is no event is a dead letter, whatever is selected") {
    auto pipeline = trips();
    pipeline.where = "FALSE";
    CHECK(outcome(pipeline, R"([{"distance":1},{"distance":tru},7])") ==
          Texts{"filtered", "not_json not a JSON value at byte 12",
                "not_an_object an array, string, number, true, false or null"});
}

TEST_CASE("a filter looks before the features do") {
    auto pipeline = trips();
    pipeline.where = "kind = 'trip'";
    CHECK(outcome(pipeline, R"([{"kind":"stop"},{"kind":"trip"},{"kind":"tr\u0069p","distance":1}])") ==
          Texts{"filtered", "field_missing distance", "[1]"});
}

TEST_CASE("fields inside of records and arrays, and names that are no words") {
    auto pipeline = trips();
    pipeline.where = "trip.zones[1] = 12 AND [a b].[c.d] AND GetArrayElement(trip.legs, 0).km > 1";
    CHECK(outcome(pipeline, R"({"distance":1,"trip":{"zones":[7,12],"legs":[{"km":2}]},"a b":{"c.d":true}})") ==
          Texts{"[1]"});
    CHECK(outcome(pipeline, R"({"distance":1,"trip":{"zones":[12,7],"legs":[{"km":2}]},"a b":{"c.d":true}})") ==
          Texts{"filtered"});
}

TEST_CASE("a cast without a value in the condition sets the event aside by name") {
    auto pipeline = trips();
    pipeline.where = "CAST(passenger AS bigint) > 0";
    CHECK(outcome(pipeline, R"([{"passenger":"x","distance":1},{"passenger":"2","distance":2}])") ==
          Texts{"expression_failed where: the CAST at column 1 has a text that is no integer of 64 bits", "[2]"});
}

TEST_CASE("integers are exact, and fields that come through are as they were written") {
    const std::string payload =
        R"({"id":9007199254740993,"d":1.500,"s":"caf\u00e9","big":18446744073709551616,"n":null})";
    CHECK(rows({{"id", {}}, {"next", {}, "id + 1"}}, payload) == Texts{"[9007199254740993,9007199254740994]"});
    CHECK(rows({{"a", {}, "COALESCE(n, d)"},
                {"b", {}, "COALESCE(s, 'x')"},
                {"c", {}, "CASE WHEN d > 1 THEN big ELSE 0 END"}},
               payload) == Texts{R"([1.500,"caf\u00e9",18446744073709551616])"});
}

TEST_CASE("computed values as JSON") {
    CHECK(rows({{"miles", {}, "distance * 0.5"},
                {"twice", {}, "distance * 2"},
                {"whole", {}, "distance + 0.0"},
                {"far", {}, "distance > 3"},
                {"text", {}, "CAST(distance AS nvarchar(max))"},
                {"quote", {}, "CASE WHEN distance = 3 THEN 'a\"b' ELSE '' END"},
                {"large", {}, "distance * 1e300"}},
               R"({"distance":3})") == Texts{R"([1.5,6,3.0,false,"3","a\"b",3e+300])"});
    CHECK(rows({{"distance", {}}, {"miles", {}, "distance * 2"}}, R"({"distance":3})", settings::RowShape::records) ==
          Texts{R"({"distance":3,"miles":6})"});
    CHECK(rows({{"miles", {}, "distance * 2"}}, R"({"distance":3})", settings::RowShape::values) == Texts{"6"});
}

TEST_CASE("a computed feature without a value is as a field without one") {
    CHECK(rows({{"miles", {}, "distance * 2"}}, R"({"distance":null})") == Texts{"field_null miles"});
    CHECK(rows({{"miles", "0", "distance * 2"}}, R"({})") == Texts{"[0]"});
    CHECK(rows({{"each", {}, "distance / n"}}, R"({"distance":1,"n":0})") == Texts{"field_null each"});
    CHECK(rows({{"trip", {}, "COALESCE(a, b)"}}, R"({"b":{"c":1}})") == Texts{"field_wrong_type trip is an object"});
    CHECK(rows({{"n", {}, "CAST(a AS bigint)"}}, R"({"a":"one"})") ==
          Texts{"expression_failed n: the CAST at column 1 has a text that is no integer of 64 bits"});
    CHECK(rows({{"n", {}, "TRY_CAST(a AS bigint)"}}, R"({"a":"one"})") == Texts{"field_null n"});
}

TEST_CASE("an event that is not selected has its time all the same, and needs none") {
    auto pipeline = trips();
    pipeline.aggregates.emplace_back().select.emplace_back();
    pipeline.event.timestamp = "at";
    pipeline.where = "distance > 1";
    const auto delivery = decode(pipeline, R"([{"distance":1,"at":"2024-05-01T00:00:00Z"},{"distance":1,"at":"never"},)"
                                           R"({"distance":2,"at":"never"}])");
    CHECK(delivery.events[0].selection == Selection::filtered);
    CHECK(delivery.events[0].at);
    CHECK(delivery.events[1].selection == Selection::filtered);
    CHECK_FALSE(delivery.events[1].at);
    CHECK(delivery.events[2].fault->reason == Reason::timestamp_invalid);
}

TEST_CASE("what goes past the model is a copy with the identity of a result") {
    auto pipeline = trips();
    pipeline.where = "distance > 1";
    pipeline.bypass = {settings::Bypass::To::subject, "bypass.{tenant}"};
    auto delivery = decode(pipeline, R"({"distance": 1})");
    delivery.events[0].id.bytes.fill(0xab);
    delivery.headers = {{"traceparent", "00-x"}, {"Nats-Msg-Id", "theirs"}};
    const codec::Renderer renderer(pipeline);
    const auto made = renderer.render(delivery, delivery.events[0], 1 << 20);
    REQUIRE(made);
    CHECK(made->output == Output::bypass);
    CHECK(made->subject == "bypass.acme");
    CHECK(made->payload == R"({"distance": 1})");
    CHECK(header(*made, "Nats-Msg-Id") == "abababababababababababababababab");
    CHECK(header(*made, "Millrace-Kind") == "bypassed");
    CHECK(header(*made, "Millrace-Reason") == "(none)");
    CHECK(header(*made, "traceparent") == "00-x");
}

TEST_CASE("a copy that is too long sheds the publisher's headers, and then its payload") {
    auto pipeline = trips();
    pipeline.where = "FALSE";
    pipeline.bypass = {settings::Bypass::To::subject, "bypass.{tenant}"};
    auto delivery = decode(pipeline, R"({"text":")" + std::string(5000, 'x') + "\"}");
    const auto made = codec::Renderer(pipeline).render(delivery, delivery.events[0], 2000);
    REQUIRE(made);
    CHECK(made->payload.starts_with(R"({"truncated":true,"stream":"EVENTS")"));
}

TEST_CASE("among the results it says that it was not scored") {
    auto pipeline = trips();
    pipeline.where = "distance > 1";
    pipeline.bypass.to = settings::Bypass::To::results;
    pipeline.results.include = settings::Include::fields;
    pipeline.results.include_fields = {"id"};
    const auto delivery = decode(pipeline, R"({"distance":1,"id":7.0})");
    const auto made = codec::Renderer(pipeline).render(delivery, delivery.events[0], 1 << 20);
    REQUIRE(made);
    CHECK(made->output == Output::result);
    CHECK(made->subject == "results.acme");
    CHECK(made->payload == R"({"score":null,"bypassed":true,"id":7.0})");
    CHECK(header(*made, "Millrace-Kind") == "bypassed");
}
