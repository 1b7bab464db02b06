// The protocol azureml.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

std::unique_ptr<Protocol> azureml(const char* body = "", std::string extras = "") {
    settings::Pipeline pipeline;
    pipeline.endpoint.body = body;
    pipeline.endpoint.extras = std::move(extras);
    REQUIRE(check(pipeline));
    return make(pipeline);
}

Answer answered(std::string_view body, std::size_t rows) { return azureml()->decode({200, {}, body, {}}, rows); }

constexpr std::array<std::string_view, 2> kRows = {R"([1,"Mon"])", R"([2,"Tue"])"};

}  // namespace

TEST_CASE("azureml: each body form") {
    CHECK(azureml("inputs")->encode(kRows).body == R"({"Inputs":{"WebServiceInput0":[[1,"Mon"],[2,"Tue"]]}})");
    CHECK(azureml("data")->encode(kRows).body == R"({"data":[[1,"Mon"],[2,"Tue"]]})");
    CHECK(azureml("bare")->encode(kRows).body == R"([[1,"Mon"],[2,"Tue"]])");
    CHECK(azureml("inputs", R"({"GlobalParameters":{"method":"predict"}})")->encode(std::span(kRows).first(1)).body ==
          R"({"GlobalParameters":{"method":"predict"},"Inputs":{"WebServiceInput0":[[1,"Mon"]]}})");
}

TEST_CASE("azureml: results in every place they come in") {
    for (const char* body :
         {"[1.5,2]", R"({"Results":[1.5,2]})", R"({"Results":{"WebServiceOutput0":[1.5,2]}})",
          R"({"Results":{"output1":[1.5,2]}})", R"("[1.5,2]")", R"("{\"result\": [1.5, 2]}")",
          R"({"Results":"[1.5, 2]"})", R"({"Results":{"WebServiceOutput0":"[1.5,2]"}})", R"({"predictions":[1.5,2]})",
          R"({"took":7,"Results":{"x":[0,0],"WebServiceOutput0":[1.5,2]}})"}) {
        CAPTURE(body);
        const Answer answer = answered(body, 2);
        CHECK(answer.outcome == Outcome::scored);
        CHECK(answer.scores == Texts{"1.5", "2"});
        CHECK(answer.reason == "");
        CHECK(answer.body == "");
    }
    CHECK(answered(R"({"Results":{"WebServiceOutput0":[{"vendorid":"1","Scored Labels":9.5}]}})", 1).scores ==
          Texts{R"({"vendorid":"1","Scored Labels":9.5})"});
}

TEST_CASE("azureml: an error that comes as a 200 is a broken contract, with its words") {
    CHECK(answered(R"("could not convert string to float: 'x'")", 2).reason ==
          "expected 2 results, found a string that holds no JSON; the answer says: could not convert string to float: "
          "'x'");
    CHECK(
        answered(R"({"error":"boom"})", 1).reason ==
        R"(expected 1 result, found an object without "Results" or "result" or "predictions"; the answer says: boom)");
    for (const char* body :
         {R"({"error":["boom"]})", R"({"Results":{"error":["boom"]}})", R"({"Results":{"message":["boom"]}})",
          R"({"Results":3.5})", R"({"Results":null})", R"({"Results":{}})", R"({"Results":"boom"})", "3.5", "",
          "<html>", R"({"Results":{"a":[1],"b":[1]}})", R"({"Results":[1],"Results":[1]})",
          R"({"Results":[1],"result":[1]})", "[1", "[1]]", "null"}) {
        CAPTURE(body);
        const Answer answer = answered(body, 1);
        CHECK(answer.outcome == Outcome::contract_broken);
        CHECK(answer.scores.empty());
        CHECK(!answer.reason.empty());
        CHECK(answer.body == body);
    }
}

TEST_CASE("azureml: pointers are refused, since it knows its places") {
    settings::Pipeline pipeline;
    pipeline.endpoint.results_pointer = "/x";
    CHECK(check(pipeline).error().text == "results_pointer: has no effect with protocol azureml (remove it)");
}
