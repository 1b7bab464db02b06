// Rows as the endpoint wants them, and events that cannot be made so.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bridge/codec/event_decoder.h"
#include "bridge/signature/text.h"

using namespace millrace;

namespace {

// The row of one event whose features a and b are of these types, or its fault.
std::string row(std::string event, const char* a, const char* b,
                std::vector<settings::Feature> features = {{"a", {}}, {"b", {}}}) {
    settings::Pipeline pipeline;
    pipeline.event.features = std::move(features);
    Delivery delivery;
    delivery.payload = Payload(std::move(event));
    codec::EventDecoder decoder(pipeline);
    decoder.expect({*signature::parse_field("a", a), *signature::parse_field("b", b)});
    decoder.decode(delivery);
    const Event& first = delivery.events.at(0);
    return first.fault ? std::string(name(first.fault->reason)) + " " + first.fault->detail : first.row;
}

}  // namespace

TEST_CASE("expected rows: values are converted, and what cannot be is told without its value") {
    CHECK(row(R"({"a":12,"b":"5.80"})", "string", "float64") == R"(["12",5.80])");
    CHECK(row(R"({"a":12,"b":"far"})", "string", "float64") ==
          "signature_misfit b: expected float64, found a string that is no number");
    CHECK(row(R"({"a":300,"b":1})", "int8", "any") ==
          "signature_misfit a: expected int8, found a number beyond its range");
}

TEST_CASE("expected rows: a null or a missing field goes where it may be left out") {
    CHECK(row(R"({"a":null})", "string?", "float64?") == "[null,null]");
    CHECK(row(R"({"a":null,"b":1})", "string", "float64") == "field_null a");
    CHECK(row(R"({"b":1})", "string", "float64") == "field_missing a");
    CHECK(row(R"({"a":{},"b":1})", "string?", "float64") == "field_wrong_type a is an object");
}

TEST_CASE("expected rows: a default is converted as well, and null is the configuration's own word") {
    CHECK(row(R"({"b":1})", "string", "int8", {{"a", "7"}, {"b", {}}}) == R"(["7",1])");
    CHECK(row(R"({"b":1})", "string", "int8", {{"a", "null"}, {"b", {}}}) == "[null,1]");
    CHECK(row(R"({"b":1})", "int8", "int8", {{"a", "\"x\""}, {"b", {}}}) ==
          "signature_misfit a: expected int8, found a string that is no number");
}

TEST_CASE("expected rows: whole events are held against it, and stay as they are but for what is converted") {
    const std::vector<settings::Feature> none;
    CHECK(row(R"( {"x":[1, 2], "b" : "5.80","a": 12,"é":null} )", "string", "float64", none) ==
          R"({"x":[1, 2], "b" : 5.80,"a": "12","é":null})");
    CHECK(row(R"({"a":1.0, "b":true})", "any", "float32", none) == R"({"a":1.0, "b":1})");
    CHECK(row(R"({"a":"x","b":"far"})", "string", "float64", none) ==
          "signature_misfit b: expected float64, found a string that is no number");
    CHECK(row(R"({"a":{},"b":1})", "string", "float64", none) ==
          "signature_misfit a: expected string, found an object");
    CHECK(row(R"({"b":1})", "string", "float64", none) == "signature_misfit a: expected string, found nothing");
    CHECK(row(R"({"a":null,"b":1})", "string", "float64", none) == "signature_misfit a: expected string, found null");
    CHECK(row(R"({"a":null})", "string?", "float64?", none) == R"({"a":null})");
    CHECK(row(R"({"a":[1,2],"b":null})", "float64[3]", "any", none) == R"({"a":[1,2],"b":null})");
}
