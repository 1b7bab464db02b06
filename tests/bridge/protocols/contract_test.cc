// Where the signature of an endpoint is read.
#include "bridge/protocols/contract.h"

#include <doctest/doctest.h>

#include <string>

#include "bridge/protocols/registry.h"
#include "bridge/signature/text.h"

using namespace millrace;
using namespace millrace::protocols;

namespace {

settings::Pipeline pipeline_of(const char* protocol, const char* url = "http://h/score") {
    settings::Pipeline pipeline;
    pipeline.endpoint.protocol = protocol;
    pipeline.endpoint.url = url;
    return pipeline;
}

std::string url(const char* protocol, const char* scoring) { return contract_url(pipeline_of(protocol), scoring); }

}  // namespace

TEST_CASE("contract: the URL of the document, from the URL of the call") {
    CHECK(url("azureml", "https://taxi.westeurope.inference.ml.azure.com/score") ==
          "https://taxi.westeurope.inference.ml.azure.com/swagger.json");
    CHECK(url("azureml", "http://10.0.0.1/api/v1/service/taxi/score?x=1") ==
          "http://10.0.0.1/api/v1/service/taxi/swagger.json");
    CHECK(url("azureml", "http://h") == "");
    CHECK(url("azureml", "http://h/") == "");
    CHECK(url("open_inference", "http://h:8080/v2/models/taxi/versions/2/infer") ==
          "http://h:8080/v2/models/taxi/versions/2");
    CHECK(url("open_inference", "http://h:8080/other") == "");
    CHECK(url("tensorflow_serving", "http://h:8501/v1/models/taxi/labels/stable:predict") ==
          "http://h:8501/v1/models/taxi/labels/stable/metadata");
    CHECK(url("tensorflow_serving", "http://h:8501/predict") == "");
    for (const char* const none : {"mlflow", "json", "jsonlines", "cloudevents", "openai_chat", "openai_embeddings"})
        CHECK(url(none, "http://h/score") == "");
}

TEST_CASE("contract: the signature that the extras name") {
    settings::Pipeline pipeline = pipeline_of("tensorflow_serving");
    pipeline.endpoint.extras = R"({"other": 1, "signature_name": "s\u0031"})";
    const auto read = read_contract(
        pipeline, R"({"metadata":{"signature_def":{"signature_def":{"s1":{"inputs":{"x":{"dtype":"DT_INT8"}}}}}}})");
    REQUIRE(read);
    CHECK(signature::one_line(read->inputs) == "x int8");
}

TEST_CASE("contract: names count where the request has them") {
    settings::Pipeline pipeline = pipeline_of("azureml");
    pipeline.event.features = {{"/a/hour", {}}, {"distance", {}}};
    Signature signature;
    for (const auto& [name, type] : {std::pair{"distance", "float64"}, {"x", "int8"}})
        signature.inputs.push_back(*signature::parse_field(name, type));
    CHECK(columns_of(pipeline, signature).problem == "");  // by place
    pipeline.endpoint.body = "named_input_data";
    CHECK(columns_of(pipeline, signature).problem == "event.features lacks 'x'");
    pipeline.endpoint.body = "data";
    pipeline.endpoint.rows = settings::RowShape::records;
    CHECK(columns_of(pipeline, signature).problem == "event.features lacks 'x'");
    signature.inputs.back().name = "hour";
    CHECK(signature::one_line(columns_of(pipeline, signature).columns) == "hour int8, distance float64");
}
