#include <doctest/doctest.h>

#include "bridge/protocols/registry.h"

using namespace millrace::protocols;

TEST_CASE("health: where each protocol's servers say whether they are well") {
    const auto url = [](std::string_view protocol, std::string_view of) { return health_url(*find(protocol), of); };
    CHECK(url("azureml", "http://m:5001/score") == "http://m:5001/");
    CHECK(url("azureml", "http://m/api/v1/service/taxi/score?x=/1") == "http://m/api/v1/service/taxi/");
    CHECK(url("mlflow", "http://m:5000/invocations") == "http://m:5000/ping");
    CHECK(url("mlflow", "http://m/models/taxi/invocations") == "http://m/models/taxi/ping");
    CHECK(url("open_inference", "https://m/v2/models/taxi/versions/2/infer") == "https://m/v2/health/ready");
    CHECK(url("open_inference", "https://m/proxy/v2/models/taxi/infer") == "https://m/proxy/v2/health/ready");
    CHECK(url("tensorflow_serving", "http://m:8501/v1/models/taxi:predict") == "http://m:8501/v1/models/taxi");
    // Not the colon of the port.
    CHECK(url("tensorflow_serving", "http://m:8501/v1/models/taxi") == "");
    CHECK(url("json", "http://m/score") == "");
    CHECK(url("open_inference", "http://m/infer") == "");
}

TEST_CASE("health: an answer that knows nothing of the question says nothing against the server") {
    CHECK(is_well(200, "Healthy"));
    CHECK(is_well(404, ""));
    CHECK(is_well(401, ""));
    CHECK(is_well(501, ""));
    CHECK_FALSE(is_well(503, ""));
    CHECK_FALSE(is_well(429, ""));
    CHECK(is_well(200, R"({"model_version_status":[{"state":"AVAILABLE"}]})"));
    CHECK_FALSE(is_well(200, R"({"model_version_status":[{"state":"LOADING"}]})"));
}
