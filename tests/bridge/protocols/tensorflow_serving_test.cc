// The protocol tensorflow_serving.
#include <doctest/doctest.h>

#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

Answer answered(const char* form, std::string_view body, std::size_t rows, int status = 200) {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"a", {}}};
    pipeline.endpoint.protocol = "tensorflow_serving";
    pipeline.endpoint.body = form;
    return make(pipeline)->decode({status, {}, body, {}}, rows);
}

}  // namespace

TEST_CASE("tensorflow serving: each form has results in its own place") {
    CHECK(answered("instances", R"({"predictions": [[0.5], [NaN]]})", 2).scores == Texts{"[0.5]", "[null]"});
    CHECK(answered("instances", R"({"predictions": [{"a":1,"b":[2]}]})", 1).scores == Texts{R"({"a":1,"b":[2]})"});
    CHECK(answered("inputs", R"({"outputs": [1, 2]})", 2).scores == Texts{"1", "2"});
    CHECK(answered("named_inputs", R"({"outputs": {"p": [0.1, 0.2], "q": [[3], [4]]}})", 2).scores ==
          Texts{R"({"p":0.1,"q":[3]})", R"({"p":0.2,"q":[4]})"});
    CHECK(answered("instances", R"({"outputs": [1]})", 1).outcome == Outcome::contract_broken);
    CHECK(answered("instances", R"({"predictions": {"p": [1]}})", 1).outcome == Outcome::contract_broken);
    CHECK(answered("inputs", R"({"outputs": {"p": [1], "q": [1, 2]}})", 1).outcome == Outcome::contract_broken);
}

TEST_CASE("tensorflow serving: codes of its errors") {
    CHECK(answered("instances", R"({"error":"out of range"})", 1, 400).outcome == Outcome::rejected);
    CHECK(answered("instances", R"({"error":"resource exhausted"})", 1, 429).outcome == Outcome::throttled);
    CHECK(answered("instances", R"({"error":"ValueError : boom"})", 1, 500).outcome == Outcome::model_raised);
    CHECK(answered("instances", R"({"error":"aborted"})", 1, 409).outcome == Outcome::misconfigured);
    CHECK(answered("instances", R"({"error":"unimplemented"})", 1, 501).outcome == Outcome::misconfigured);
    CHECK(answered("instances", R"({"error":"deadline"})", 1, 504).outcome == Outcome::timed_out);
}
