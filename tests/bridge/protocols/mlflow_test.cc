// The protocol mlflow.
#include <doctest/doctest.h>

#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

std::unique_ptr<Protocol> mlflow() {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"a", {}}};
    pipeline.endpoint.protocol = "mlflow";
    return make(pipeline);
}

Answer answered(std::string_view body, std::size_t rows, int status = 200) {
    return mlflow()->decode({status, {}, body, {}}, rows);
}

}  // namespace

TEST_CASE("mlflow: several outputs give an object per row") {
    CHECK(answered(R"({"predictions": {"label": ["x", "y"], "p\"": [0.5, [1, 2]]}})", 2).scores ==
          Texts{R"({"label":"x","p\"":0.5})", R"({"label":"y","p\"":[1, 2]})"});
    CHECK(answered(R"({"predictions": {"score": [NaN, {"x": -Infinity}]}})", 2).scores ==
          Texts{R"({"score":null})", R"({"score":{"x": null}})"});
}

TEST_CASE("mlflow: outputs of the wrong length, or none, are a broken contract") {
    const auto reason = [](std::string_view body) {
        const Answer answer = answered(body, 2);
        CHECK(answer.outcome == Outcome::contract_broken);
        return answer.reason;
    };
    CHECK(reason(R"({"predictions":{"a":[1,2],"b":[1]}})") == "expected 2 results, found 1 in \"b\"");
    CHECK(reason(R"({"predictions":{"a":[1,2,3]}})") == "expected 2 results, found 3 in \"a\"");
    CHECK(reason(R"({"predictions":{"a":[1,2],"a":[1,2]}})") == "expected 2 results, found \"a\" more than once");
    CHECK(reason(R"({"predictions":{"a":[1,2],"b":7}})") ==
          "expected 2 results, found an output that is no array, \"b\"");
    CHECK(reason(R"({"predictions":{}})") == "expected 2 results, found an object without outputs");
    std::string many = R"({"predictions":{)";
    for (int i = 0; i < 300; ++i) many += "\"o" + std::to_string(i) + "\":[1,2],";
    many.back() = '}';
    CHECK(reason(many + '}') == "expected 2 results, found more than 256 outputs");
}

TEST_CASE("mlflow: a 400 is the model's, since that is what it answers when the model raises") {
    const Answer answer =
        answered(R"({"error_code":"BAD_REQUEST","message":"boom","stack_trace":"Traceback"})", 1, 400);
    CHECK(answer.outcome == Outcome::model_raised);
    CHECK(answer.reason == "HTTP 400: boom");
    CHECK(answered("", 1, 415).outcome == Outcome::misconfigured);
    CHECK(answered("", 1, 504).outcome == Outcome::timed_out);
}
