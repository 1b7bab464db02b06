#include <doctest/doctest.h>

#include <string>

#include "bridge/settings/outputs.h"
#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

std::string with_shadow(const std::string& fields, const std::string& endpoint = "") {
    return "version: 1\nnats: {urls: [\"nats://127.0.0.1:4222\"]}\npipelines:\n  - name: p\n"
           "    input: {stream: S, subject: \"e.{tenant}\"}\n    event: {features: [a]}\n"
           "    results: {subject: \"r.{tenant}\"}\n    endpoint:\n      url: http://a/score\n" +
           endpoint + "      shadow:\n" + fields;
}

}  // namespace

TEST_CASE("shadow: a url is enough") {
    const auto pipeline = loaded(with_shadow("        url: http://b/score\n")).pipelines.at(0);
    REQUIRE(settings::has_shadow(pipeline));
    const settings::Shadow& shadow = pipeline.endpoint.shadow;
    CHECK(shadow.percent == 1);
    CHECK(shadow.absolute == 1e-9);
    CHECK(shadow.relative == 1e-6);
    CHECK(shadow.subject == "shadow.{tenant}.p");
    CHECK(shadow.parallel_requests == 2);
    CHECK(settings::publications(pipeline).back().subject == shadow.subject);
    CHECK(settings::publications(pipeline).size() == settings::outputs(pipeline).size() + 1);
}

TEST_CASE("shadow: nothing of the endpoint's own goes there but how it is spoken to") {
    const auto pipeline = loaded(with_shadow("        {url: http://b/score, headers: {X-B: b}, deployment: green}\n",
                                             "      headers: {X-A: a}\n      key_file: /k\n      body: data\n"
                                             "      tenants: [{names: [t], url: \"http://t/\"}]\n"))
                              .pipelines.at(0);
    const settings::Endpoint asked = settings::with_shadow_as_endpoint(pipeline).endpoint;
    CHECK(asked.url == "http://b/score");
    CHECK(asked.headers == std::map<std::string, std::string>{{"X-B", "b"}});
    CHECK(asked.key_file.empty());
    CHECK(asked.deployment == "green");
    CHECK(asked.tenants.empty());
    CHECK(asked.body == "data");
    CHECK(asked.protocol == "azureml");
}

TEST_CASE("shadow: with a protocol of its own the form of the request is its own too") {
    const auto pipeline = loaded(with_shadow("        {url: http://b/score, protocol: json, rows_pointer: /rows}\n",
                                             "      body: data\n"))
                              .pipelines.at(0);
    const settings::Endpoint asked = settings::with_shadow_as_endpoint(pipeline).endpoint;
    CHECK(asked.protocol == "json");
    CHECK(asked.body.empty());
    CHECK(asked.rows_pointer == "/rows");
}

TEST_CASE("shadow: mistakes are told") {
    const auto said = [](const std::string& fields, const std::string& endpoint = "") {
        return complaints(with_shadow("        " + fields + "\n", endpoint));
    };
    CHECK(said("{percent: 5}").contains("endpoint.shadow.url: is required"));
    CHECK(
        said("{url: \"http://b/\", percent: 0}").contains("endpoint.shadow.percent: is 0, so nothing is ever copied"));
    CHECK(said("{url: \"http://b/\", percent: 101}").contains("endpoint.shadow.percent: 101"));
    CHECK(said("{url: \"http://b/\", body: data}")
              .contains("endpoint.shadow.body: has no effect without shadow.protocol"));
    CHECK(said("{url: \"http://b/\", protocol: azureml, body: nonsense}").contains("endpoint.shadow.body: "));
    CHECK(said("{url: \"http://b/\", protocol: openai_embeddings, extras: {model: m}}", "      max_batch_count: 5000\n")
              .contains("endpoint.shadow.protocol: "));
    CHECK(said("{url: \"http://b/\", subject: \"r.{tenant}\"}").contains("overlaps"));
    CHECK(said("{url: \"http://b/\", subject: \"e.{tenant}\"}").contains("a loop without end"));
    CHECK(said("{url: \"http://b/\", subject: shadow}").contains("endpoint.shadow.subject: "));
    CHECK(said("{url: \"http://b/\", key_file: /k, headers: {Authorization: x}}")
              .contains("endpoint.shadow.headers.Authorization: is set from key_file already"));
    // Rows are made for the endpoint's form: what the shadow's own cannot carry would have nowhere to go.
    CHECK(said("{url: \"http://b/v2/models/m/infer\", protocol: open_inference, body: binary_columns, tensors: {a: "
               "INT64}}")
              .contains("endpoint.shadow.body: carries values of a datatype each"));
    CHECK(said("{url: \"http://b/\"}").empty());
}
