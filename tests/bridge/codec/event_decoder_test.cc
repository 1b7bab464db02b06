#include "bridge/codec/event_decoder.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace millrace;

namespace {

settings::Pipeline pipeline_with(std::vector<settings::Feature> features) {
    settings::Pipeline pipeline;
    pipeline.event.features = std::move(features);
    return pipeline;
}

Delivery decode(const settings::Pipeline& pipeline, std::string payload) {
    Delivery delivery;
    delivery.payload = Payload(std::move(payload));
    codec::EventDecoder(pipeline).decode(delivery);
    return delivery;
}

// What the events of a message came to: rows, or `reason detail` of faults.
std::vector<std::string> outcome(const settings::Pipeline& pipeline, std::string payload) {
    std::vector<std::string> all;
    const auto delivery = decode(pipeline, std::move(payload));
    for (std::size_t i = 0; i < delivery.events.size(); ++i) {
        const auto& event = delivery.events[i];
        CHECK(event.element == i);
        CHECK(event.row.empty() == event.fault.has_value());
        all.push_back(event.fault ? std::string(name(event.fault->reason)) + " " + event.fault->detail : event.row);
    }
    return all;
}

// The reasons alone, or "ok", each with the event's text.
std::vector<std::string> verdicts(std::string payload) {
    std::vector<std::string> all;
    for (const auto& event : decode(pipeline_with({}), std::move(payload)).events) {
        all.push_back((event.fault ? std::string(name(event.fault->reason)) : "ok") + " " + std::string(event.text));
    }
    return all;
}

using Texts = std::vector<std::string>;

const char* const kTrip = R"({"vendorid": 18446744073709551616 , "weekday":"Mon\u00e9\"", "distance" : 0.1000,)"
                          R"("fare":1E400,"night":true,"extra":{"zones":[7, 12 ,{"x~y":"z"}],"a/b":-0.0},"gone":null})";

}  // namespace

TEST_CASE("decoder: rows as arrays keep raw values verbatim") {
    const auto pipeline =
        pipeline_with({{"vendorid", {}}, {"weekday", {}}, {"distance", {}}, {"fare", {}}, {"night", {}}});
    CHECK(outcome(pipeline, kTrip) == Texts{R"([18446744073709551616,"Mon\u00e9\"",0.1000,1E400,true])"});
}

TEST_CASE("decoder: rows as records are keyed by name, a pointer's by its last token") {
    auto pipeline = pipeline_with({{"fare", {}},
                                   {"vendorid", {}},
                                   {"/extra/zones/1", {}},
                                   {"/extra/a~1b", {}},
                                   {"/extra/zones/2/x~0y", {}},
                                   {"/distance", {}}});
    pipeline.endpoint.rows = settings::RowShape::records;
    CHECK(outcome(pipeline, kTrip) ==
          Texts{R"({"fare":1E400,"vendorid":18446744073709551616,"1":12,"a/b":-0.0,"x~y":"z","distance":0.1000})"});
}

TEST_CASE("decoder: rows as values are the one feature's value") {
    auto pipeline = pipeline_with({{"distance", "\"unknown\""}});
    pipeline.endpoint.rows = settings::RowShape::values;
    CHECK(outcome(pipeline, kTrip) == Texts{"0.1000"});
    CHECK(outcome(pipeline, "{}") == Texts{"\"unknown\""});
    CHECK(outcome(pipeline, R"({"distance":[1]})") == Texts{"field_wrong_type distance is an array"});
}

TEST_CASE("decoder: without features the row is the element as it came") {
    CHECK(outcome(pipeline_with({}), " {\"a\" : 1.0 }\r\n") == Texts{"{\"a\" : 1.0 }"});
}

TEST_CASE("decoder: text points into the payload") {
    const auto delivery = decode(pipeline_with({}), "  [ {\"a\":1} ,\n{\"b\":2}]");
    REQUIRE(delivery.events.size() == 2);
    CHECK(delivery.events[0].text.data() == delivery.payload.bytes().data() + 4);
    CHECK(delivery.events[0].text == "{\"a\":1}");
    CHECK(delivery.events[1].text.data() == delivery.payload.bytes().data() + 14);
}

TEST_CASE("decoder: an unfit field is named") {
    const auto pipeline = pipeline_with({{"vendorid", {}}, {"/trip/zone", {}}});
    CHECK(outcome(pipeline, R"({"trip":{"zone":1}})") == Texts{"field_missing vendorid"});
    CHECK(outcome(pipeline, R"({"vendorid":null,"trip":{"zone":1}})") == Texts{"field_null vendorid"});
    CHECK(outcome(pipeline, R"({"vendorid":1})") == Texts{"field_missing /trip/zone"});
    CHECK(outcome(pipeline, R"({"vendorid":1,"trip":[1]})") == Texts{"field_missing /trip/zone"});
    CHECK(outcome(pipeline, R"({"vendorid":1,"trip":7})") == Texts{"field_missing /trip/zone"});
    CHECK(outcome(pipeline, R"({"vendorid":{},"trip":{"zone":1}})") == Texts{"field_wrong_type vendorid is an object"});
    CHECK(outcome(pipeline, R"({"vendorid":1,"trip":{"zone":[]}})") ==
          Texts{"field_wrong_type /trip/zone is an array"});
}

TEST_CASE("decoder: a fallback stands in for a missing or null field, not for a wrong type") {
    const auto pipeline = pipeline_with({{"a", "\"none\""}, {"b", "-1"}});
    CHECK(outcome(pipeline, R"({"b":null})") == Texts{R"(["none",-1])"});
    CHECK(outcome(pipeline, R"({"a":"x","b":2})") == Texts{R"(["x",2])"});
    CHECK(outcome(pipeline, R"({"a":[],"b":2})") == Texts{"field_wrong_type a is an array"});
}

TEST_CASE("decoder: of duplicate keys the first wins, on every level") {
    const auto pipeline = pipeline_with({{"a", {}}, {"/b/c", "0"}});
    CHECK(outcome(pipeline, R"({"a":1,"b":{},"a":2,"b":{"c":3}})") == Texts{"[1,0]"});
}

TEST_CASE("decoder: keys match exactly, escapes read as what they stand for") {
    const auto pipeline = pipeline_with({{"a\"b", {}}});
    CHECK(outcome(pipeline, R"({"a":0,"\u0061\u0022b":1})") == Texts{"[1]"});
    CHECK(outcome(pipeline, R"({"A\"b":1,"a\"b ":2,"\ud800":3})") == Texts{"field_missing a\"b"});
}

TEST_CASE("decoder: array indexes are those of RFC 6901") {
    const auto doc = R"({"z":[10,11],"y":{"01":5}})";
    CHECK(outcome(pipeline_with({{"/z/1", {}}, {"/y/01", {}}}), doc) == Texts{"[11,5]"});
    for (const char* none : {"/z/01", "/z/-", "/z/2", "/z/+1", "/z/", "/z/1x"}) {
        CHECK(outcome(pipeline_with({{none, {}}}), doc) == Texts{std::string("field_missing ") + none});
    }
}

TEST_CASE("decoder: included fields are members, absent ones left out") {
    auto pipeline = pipeline_with({{"a", {}}});
    pipeline.results.include = settings::Include::fields;
    pipeline.results.include_fields = {"id", "none", "/o/k", "o", "a", "n"};
    const auto delivery = decode(pipeline, R"({"n":null,"o":{"k":[1, 2] , "l":"}"} ,"a":0.10,"id":"x"})");
    CHECK(delivery.events.at(0).included == R"("id":"x","k":[1, 2],"o":{"k":[1, 2] , "l":"}"},"a":0.10,"n":null)");

    pipeline.results.include = settings::Include::everything;
    CHECK(decode(pipeline, " {\"a\":1}\n").events.at(0).included == R"("event":{"a":1})");
    pipeline.results.include = settings::Include::nothing;
    CHECK(decode(pipeline, "{\"a\":1}").events.at(0).included.empty());
}

TEST_CASE("decoder: a row over max_batch_bytes is a fault") {
    auto pipeline = pipeline_with({{"a", {}}});
    pipeline.endpoint.max_batch_bytes = 5;
    CHECK(outcome(pipeline, R"([{"a":123},{"a":1234}])") ==
          Texts{"[123]", "event_too_large row of 6 bytes, max_batch_bytes is 5"});
    pipeline.event.features.clear();
    CHECK(outcome(pipeline, R"({"a":123})") == Texts{"event_too_large row of 9 bytes, max_batch_bytes is 5"});
}

TEST_CASE("decoder: an empty array and a blank message hold no event") {
    for (const char* none : {"", " \r\n\t\n", "[]", " [ \n ] "}) CHECK(verdicts(none).empty());
}

TEST_CASE("decoder: objects one a line, blank lines and CRLF tolerated") {
    CHECK(verdicts("\n{\"a\":1}\r\n\r\n  {\"b\":2}\n{}\n\n") == Texts{"ok {\"a\":1}", "ok {\"b\":2}", "ok {}"});
}

TEST_CASE("decoder: one object may take several lines") {
    CHECK(verdicts("{\n  \"a\": 1,\n  \"b\": {}\n}\n") == Texts{"ok {\n  \"a\": 1,\n  \"b\": {}\n}"});
}

TEST_CASE("decoder: a bad element hurts no other") {
    CHECK(verdicts("{\"a\":1}\n{\"a\":tru}\n[1]\n7\nrubbish\n{\"a\":1}{\"b\":2}\n{\"c\":3}") ==
          Texts{"ok {\"a\":1}", "not_json {\"a\":tru}", "not_an_object [1]", "not_an_object 7", "not_json rubbish",
                "not_json {\"a\":1}{\"b\":2}", "ok {\"c\":3}"});
    CHECK(verdicts("rubbish\n{\"a\":1}\n{\"b\"") == Texts{"not_json rubbish", "ok {\"a\":1}", "not_json {\"b\""});
    CHECK(verdicts(R"([{"a":1}, "x", {"a":01},{"b":[1}},[[]],,null,{"c":3}])") ==
          Texts{"ok {\"a\":1}", "not_an_object \"x\"", "not_json {\"a\":01}", "not_json {\"b\":[1}}",
                "not_an_object [[]]", "not_json ,", "not_an_object null", "ok {\"c\":3}"});
}

TEST_CASE("decoder: what an array without an end leaves over is one event") {
    CHECK(verdicts(R"([{"a":1},{"b":2},{"c":)") == Texts{"ok {\"a\":1}", "ok {\"b\":2}", "not_json {\"c\":"});
    CHECK(verdicts(R"([{"a":1},{"b":"open},{"c":3}])") == Texts{"ok {\"a\":1}", "not_json {\"b\":\"open},{\"c\":3}]"});
    CHECK(verdicts(R"([{"a":1})") == Texts{"not_json {\"a\":1}"});
    CHECK(verdicts(R"([{"a":1},)") == Texts{"ok {\"a\":1}", "not_json ,"});
    CHECK(verdicts("[") == Texts{"not_json ["});
    CHECK(verdicts(R"([{"a":1},])") == Texts{"ok {\"a\":1}", "not_json ,"});
}

TEST_CASE("decoder: nothing behind an object or array is ignored") {
    CHECK(verdicts(R"({"a":1} x)") == Texts{"not_json {\"a\":1} x"});
    CHECK(verdicts(R"({"a":1}})") == Texts{"not_json {\"a\":1}}"});
    CHECK(verdicts(R"({"a":1},)") == Texts{"not_json {\"a\":1},"});
    CHECK(verdicts(R"([{"a":1}] x)") == Texts{"ok {\"a\":1}", "not_json x"});
    CHECK(verdicts("[]]") == Texts{"not_json ]"});
}

TEST_CASE("decoder: a first line that only looks like an array does not cost the lines behind it") {
    CHECK(verdicts("[oops\n{\"a\":1}\n{\"b\":2}\n") == Texts{"not_json [oops", "ok {\"a\":1}", "ok {\"b\":2}"});
    CHECK(verdicts("[x\n{\"a\":1}\n]") == Texts{"not_json [x", "ok {\"a\":1}", "not_json ]"});
    CHECK(verdicts("[1]\n{\"a\":1}\n{\"b\":2}") == Texts{"not_an_object [1]", "ok {\"a\":1}", "ok {\"b\":2}"});
    CHECK(verdicts("[\n{\"a\":1},\n{\"b\":2},\n{\"c\":3") ==
          Texts{"ok {\"a\":1}", "ok {\"b\":2}", "not_json {\"c\":3"});
}

TEST_CASE("decoder: a message that is no JSON at all is one event") {
    CHECK(verdicts("hello\nworld") == Texts{"not_json hello\nworld"});
    CHECK(verdicts("{\n \"a\": 1,\n \"b\": oops\n}") == Texts{"not_json {\n \"a\": 1,\n \"b\": oops\n}"});
    CHECK(verdicts("\xff\xfe") == Texts{"not_json \xff\xfe"});
}

TEST_CASE("decoder: fields nobody asked for are checked as well") {
    const auto pipeline = pipeline_with({{"a", {}}});
    for (const std::string bad : {R"({"a":1,"b":)",
                                  R"({"a":1,"b":tru})",
                                  R"({"a":1,"b":1.})",
                                  R"({"a":1,"b":"\x"})",
                                  R"({"a":1,"b":"\u12"})",
                                  R"({"a":1,"b":[1,]})",
                                  R"({"a":1,"b":{"c":1,}})",
                                  R"({"a":1,"b":[1 2]})",
                                  R"({"a":1,"b":[1}})",
                                  R"({"a":1,b:2})",
                                  R"({"a":1,"b" 2})",
                                  R"({"a":1,"b"})",
                                  R"({"a":1,"b":"c":2})",
                                  R"({"a":"b":2})",
                                  R"({"a":1,"b":NaN})",
                                  R"({"a":1,"\q":2})",
                                  R"({"a":1 "b":2})",
                                  R"({"a":1,,"b":2})",
                                  R"({,"a":1})",
                                  R"({"a":1,"b":["x":1]})",
                                  R"({"a":1,"b":{"c"}})",
                                  R"({"a":1,"b":{1:2}})",
                                  R"({"a":1,"b":01})",
                                  R"({"a":1,"b":'x'})",
                                  R"({"a"::1})",
                                  "{\"a\":1,\"b\":\"\x01\"}",
                                  "{\"a\":1,\"b\":\"\xc3\x28\"}",
                                  "{\"a\":1,\"b\":\"\xed\xa0\x80\"}",
                                  "{\"a\":1\f}",
                                  "{\"a\":1,\"b\":\x1a}"}) {
        CAPTURE(bad);
        const auto delivery = decode(pipeline, bad);
        REQUIRE(delivery.events.size() == 1);
        REQUIRE(delivery.events[0].fault);
        CHECK(delivery.events[0].fault->reason == Reason::not_json);
        CHECK(delivery.events[0].text == bad);
        CHECK_FALSE(delivery.events[0].fault->detail.empty());
    }
}

TEST_CASE("decoder: 64 levels of nesting are read, 65 refused") {
    const auto nested = [](std::size_t arrays) {
        return "{\"a\":" + std::string(arrays, '[') + std::string(arrays, ']') + "}";
    };
    CHECK(verdicts(nested(63)) == Texts{"ok " + nested(63)});
    CHECK(verdicts(nested(64)) == Texts{"not_json " + nested(64)});
    CHECK(verdicts(nested(100000)) == Texts{"not_json " + nested(100000)});
    CHECK(verdicts("[" + nested(100000) + ",{}]") == Texts{"not_json " + nested(100000), "ok {}"});
}

TEST_CASE("decoder: elements above the cap are one event, and no byte of them is lost") {
    std::string array = "[{}";
    std::string lines = "{}";
    for (std::size_t i = 1; i < codec::kMaxElements; ++i) {
        array += ",{}";
        lines += "\n{}";
    }
    CHECK(verdicts(array + "]").size() == codec::kMaxElements);
    CHECK(verdicts(lines + "\n").size() == codec::kMaxElements);
    const auto more_in_array = verdicts(array + ",{\"a\":1}, {} ]");
    CHECK(more_in_array.size() == codec::kMaxElements + 1);
    CHECK(more_in_array.back() == "event_too_large {\"a\":1}, {} ]");
    const auto more_lines = verdicts(lines + "\n{\"a\":1}\n\nx\n");
    CHECK(more_lines.size() == codec::kMaxElements + 1);
    CHECK(more_lines.back() == "event_too_large {\"a\":1}\n\nx");
}

TEST_CASE("decoder: one decoder reads message after message") {
    const auto pipeline = pipeline_with({{"a", {}}});
    codec::EventDecoder first(pipeline);
    codec::EventDecoder decoder(std::move(first));
    const std::string long_text(5u << 20, 'x');
    for (const std::string& payload :
         {std::string(R"({"a":1})"), "{\"a\":\"" + long_text + "\"}", std::string("{"), std::string(R"({"a":1})")}) {
        Delivery delivery;
        delivery.payload = Payload(payload);
        decoder.decode(delivery);
        decoder.decode(delivery);
        REQUIRE(delivery.events.size() == 1);
        CHECK(delivery.events[0].fault.has_value() == (payload == "{" || payload.size() > (1u << 20)));
    }
}
