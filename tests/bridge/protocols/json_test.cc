// The protocol json.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

settings::Pipeline pipeline(std::string rows, std::string results, std::string extras = "") {
    settings::Pipeline pipeline;
    pipeline.endpoint.protocol = "json";
    pipeline.endpoint.rows_pointer = std::move(rows);
    pipeline.endpoint.results_pointer = std::move(results);
    pipeline.endpoint.extras = std::move(extras);
    return pipeline;
}

}  // namespace

TEST_CASE("json: rows and results stand where the pointers say") {
    const auto protocol = make(pipeline("/dataframe_records", "/predictions", R"({"params":{"k":1}})"));
    constexpr std::array<std::string_view, 1> rows = {R"({"a":1})"};
    CHECK(protocol->encode(rows).body == R"({"params":{"k":1},"dataframe_records":[{"a":1}]})");
    const Answer answer = protocol->decode({200, {}, R"({"model":"m","predictions":[0.25]})", {}}, 1);
    CHECK(answer.outcome == Outcome::scored);
    CHECK(answer.scores == Texts{"0.25"});
    CHECK(protocol->decode({200, {}, R"([0.25])", {}}, 1).outcome == Outcome::contract_broken);
}

TEST_CASE("json: empty pointers mean the whole body") {
    const auto protocol = make(pipeline("", ""));
    constexpr std::array<std::string_view, 2> rows = {"1", "2"};
    CHECK(protocol->encode(rows).body == "[1,2]");
    CHECK(protocol->decode({200, {}, "[3,4]", {}}, 2).scores == Texts{"3", "4"});
    CHECK(protocol->decode({200, {}, R"({"Results":[3,4]})", {}}, 2).outcome == Outcome::contract_broken);
}

TEST_CASE("json: a bad pointer is refused by its field's name") {
    CHECK(check(pipeline("rows", "")).error().text ==
          "rows_pointer: \"rows\" is no JSON Pointer: it must begin with a slash (write /predictions), or be empty");
    CHECK(check(pipeline("", "/a~")).error().text.starts_with("results_pointer: \"/a~\""));
    CHECK(check(pipeline("/a", "", R"({"a":1})")).error().text.starts_with("extras: "));
}
