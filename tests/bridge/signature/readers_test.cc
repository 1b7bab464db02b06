// The readers, with documents as azureml-inference-server-http 1.5.1, MLServer 1.7.1, KServe 0.21.0 and MLflow 3.17.2
// have them; TensorFlow Serving's and the one of Stream Analytics' samples are after their documents.
#include <doctest/doctest.h>

#include <string>

#include "bridge/signature/reader.h"
#include "bridge/signature/text.h"

using namespace millrace;
using namespace millrace::signature;

namespace {

// As azmlinfsrv wraps the two schemas, without what no reader looks at.
std::string swagger_2(const std::string& input, const std::string& output) {
    return R"({"swagger": "2.0", "info": {"title": "ML service", "version": "1.0"}, "paths": {"/": {"get": {"operationId":
        "ServiceHealthCheck", "responses": {"200": {"schema": {"type": "string"}}}}}, "/score": {"post": {"operationId":
        "RunMLService", "parameters": [{"name": "serviceInputPayload", "in": "body", "schema": {"$ref":
        "#/definitions/ServiceInput"}}], "responses": {"200": {"description": "good", "schema": {"$ref":
        "#/definitions/ServiceOutput"}}, "default": {"schema": {"$ref": "#/definitions/ErrorResponse"}}}}}, "/swagger.json":
        {"get": {"parameters": [{"name": "version", "in": "query", "type": "integer", "enum": [2, 3]}], "responses": {}}}},
        "definitions": {"ServiceInput": )" +
           input + R"(, "ServiceOutput": )" + output +
           R"(, "ErrorResponse": {"type": "object", "properties": {"message": {"type": "string"}}}}})";
}

std::string swagger_3(const std::string& input, const std::string& output) {
    return R"({"openapi": "3.0.3", "paths": {"/score": {"post": {"requestBody": {"content": {"application/json": {"schema":
        {"$ref": "#/components/schemas/ServiceInput"}}}}, "responses": {"200": {"content": {"application/json": {"schema":
        {"$ref": "#/components/schemas/ServiceOutput"}}}}}}}}, "components": {"schemas": {"ServiceInput": )" +
           input + R"(, "ServiceOutput": )" + output + "}}}";
}

std::string read(const Result<Signature>& signature) {
    if (!signature) return "no: " + signature.error().text;
    return one_line(signature->inputs) + " -> " + one_line(signature->outputs);
}

constexpr std::string_view kNumpy =
    R"({"type": "array", "items": {"type": "number", "format": "double"}, "example": [1.5],
    "format": "numpy.ndarray"})";
constexpr std::string_view kResults = R"({"type": "object", "required": ["Results"], "properties": {"Results": {"type":
    "object", "required": ["WebServiceOutput0"], "properties": {"WebServiceOutput0": {"type": "array", "items": {"type":
    "number", "format": "double"}}}}}})";

struct Case {
    const char* what;
    std::string input;
    std::string_view output;
    const char* expected;
};

}  // namespace

TEST_CASE("swagger: what the inference server says for each kind of run(), in both versions") {
    const Case cases[] = {
        {"a matrix below Inputs",
         R"({"type": "object", "properties": {"Inputs": {"type": "object", "required": ["WebServiceInput0"], "properties":
            {"WebServiceInput0": {"type": "array", "items": {"type": "array", "items": {"type": "number", "format":
            "double"}}, "format": "numpy.ndarray"}}}}, "example": {"Inputs": {"WebServiceInput0": [[1.0, 2.0, 3.0]]}}})",
         kResults, "WebServiceInput0 float64[] -> WebServiceOutput0 float64"},
        {"a matrix of texts",
         R"({"type": "object", "properties": {"data": {"type": "array", "items": {"type": "array", "items": {"type":
            "string"}}, "format": "numpy.ndarray"}}, "example": {"data": [["1", "Mon", "12"]]}})",
         kNumpy, "data string[] -> float64"},
        {"records with required members",
         R"({"type": "object", "properties": {"Inputs": {"type": "object", "required": ["WebServiceInput0"], "properties":
            {"WebServiceInput0": {"type": "array", "items": {"type": "object", "required": ["distance", "passenger",
            "weekday"], "properties": {"distance": {"type": "number", "format": "double"}, "passenger": {"type": "integer",
            "format": "int64"}, "weekday": {"type": "string"}, "night": {"type": "boolean"}}}}}}}})",
         kResults, "distance float64, passenger int64, weekday string, night boolean? -> WebServiceOutput0 float64"},
        {"a structured array, which says nothing of what is required",
         R"({"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {"distance":
            {"type": "number", "format": "float"}, "passenger": {"type": "integer", "format": "int32"}, "weekday": {"type":
            "string"}}}, "format": "numpy.ndarray"}}})",
         kNumpy, "distance float32, passenger int32, weekday string -> float64"},
        {"parameters beside the rows, before them",
         R"({"type": "object", "properties": {"GlobalParameters": {"type": "object", "required": ["explain"], "properties":
            {"explain": {"type": "boolean"}}}, "data": {"type": "array", "items": {"type": "array", "items": {"type":
            "integer", "format": "int64"}}, "format": "numpy.ndarray"}}})",
         kNumpy, "data int64[] -> float64"},
        {"a DataFrame in the form split",
         R"({"type": "object", "properties": {"input_data": {"type": "object", "properties": {"columns": {"type": "array",
            "items": {"type": "string"}}, "index": {"type": "array", "items": {"type": "integer"}}, "data": {"type": "array",
            "items": {"type": "array", "items": {"type": "number"}}}}, "format": "pandas.DataFrame:split"}}})",
         kNumpy, "data float64[] -> float64"},
        {"dates, which are no plain texts",
         R"({"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {"at":
            {"type": "string", "format": "date-time"}, "n": {"type": ["integer", "null"]}}}}}})",
         "{}", "at any, n int64? -> nothing"},
        {"an undecorated run()", R"({"type": "object", "example": {}})", R"({"type": "object", "example": {}})",
         "no: it says nothing of the input (is the scoring script's run() decorated with input_schema?)"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.what);
        CHECK(read(read_swagger(swagger_2(each.input, std::string(each.output)), "/score")) == each.expected);
        CHECK(read(read_swagger(swagger_3(each.input, std::string(each.output)), "/score")) == each.expected);
    }
}

TEST_CASE("swagger: the sample that Stream Analytics points to") {
    const std::string document =
        R"({"swagger": "2.0", "paths": {"/score": {"post": {"parameters": [{"in": "body", "schema":
        {"$ref": "#/definitions/ExecutionRequest"}}], "responses": {"200": {"schema": {"$ref":
        "#/definitions/ExecutionResults"}}}}}}, "definitions": {"ExecutionRequest": {"type": "object", "properties": {"Inputs":
        {"$ref": "#/definitions/ExecutionInputs"}, "GlobalParameters": {"type": "object", "default": {}}}}, "ExecutionInputs":
        {"type": "object", "properties": {"WebServiceInput0": {"type": "array", "items": {"$ref":
        "#/definitions/WebServiceInput0Item"}}}}, "WebServiceInput0Item": {"type": "object", "properties": {"vendorid": {"type":
        "integer", "format": "int64"}, "distance": {"type": "number", "format": "double"}}, "required": ["vendorid"]},
        "ExecutionResults": {"type": "object", "properties": {"Results": {"$ref": "#/definitions/ExecutionOutputs"}}},
        "ExecutionOutputs": {"type": "object", "properties": {"WebServiceOutput0": {"type": "array", "items": {"type": "object",
        "properties": {"Scored Labels": {"type": "number", "format": "double"}}}}}}}})";
    CHECK(read(read_swagger(document, "/api/v1/service/taxi/score")) ==
          "vendorid int64, distance float64? -> Scored Labels float64");
}

TEST_CASE("swagger: the call is found by its path, else it is the only POST") {
    const auto with = [](const char* paths) {
        return read(read_swagger(std::string(R"({"swagger": "2.0", "paths": )") + paths + "}", "/api/score"));
    };
    const std::string post =
        R"({"post": {"parameters": [{"in": "body", "schema": {"type": "array", "items": {"type": "NAME"}}}]}})";
    const auto of = [&](const char* type) { return std::string(post).replace(post.find("NAME"), 4, type); };
    CHECK(with(("{\"/other\": " + of("string") + ", \"/score\": " + of("integer") + "}").c_str()) ==
          "int64 -> nothing");
    CHECK(with(("{\"/score\": " + of("string") + ", \"/api/score\": " + of("integer") + "}").c_str()) ==
          "int64 -> nothing");
    CHECK(with(("{\"/run\": " + of("boolean") + "}").c_str()) == "boolean -> nothing");
    CHECK(with(("{\"/a\": " + of("string") + ", \"/b\": " + of("string") + "}").c_str()) ==
          "no: it has no POST of /api/score");
    CHECK(read(read_swagger("<html>", "/score")) == "no: it is no JSON");
    CHECK(read(read_swagger("{}", "/score")) == "no: it is neither Swagger 2.0 nor OpenAPI 3");
}

TEST_CASE("swagger: schemas that refer to one another for ever are left") {
    CHECK_FALSE(read_swagger(swagger_2(R"({"$ref": "#/definitions/ServiceInput"})", "{}"), "/score"));
    std::string wide = R"({"properties": {)";
    for (int i = 0; i < 100; ++i)
        wide += (i == 0 ? "\"" : ", \"") + std::to_string(i) + R"(": {"$ref": "#/definitions/ServiceInput"})";
    CHECK_FALSE(read_swagger(swagger_2(wide + "}}", "{}"), "/score"));
}

TEST_CASE("open inference: metadata as MLServer and KServe give them") {
    CHECK(
        read(read_open_inference(
            R"({"name":"declared","versions":[],"platform":"","inputs":[{"name":"distance","datatype":"FP64","shape":[-1,1]},
                 {"name":"weekday","datatype":"BYTES","shape":[-1],"parameters":{"content_type":"str"}}],"outputs":[{"name":
                 "predict","datatype":"FP64","shape":[-1,1]}],"parameters":{}})",
            "")) == "distance float64, weekday string -> predict float64");
    CHECK(read(read_open_inference(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[]})", "")) ==
          "x float32[3] -> nothing");
    CHECK(read(read_open_inference(R"({"inputs":[{"name":"x","datatype":"INT8","shape":[8,-1,2]}]})", "")) ==
          "x int8[][2] -> nothing");
    const char* const kNone = "no: the model's metadata name no inputs (declare them in the server's settings)";
    CHECK(read(read_open_inference(R"({"name":"fares","versions":null,"platform":"","inputs":[],"outputs":[]})", "")) ==
          kNone);
    CHECK(read(read_open_inference(
              R"({"name":"taxi","versions":[],"platform":"","inputs":[],"outputs":[],"parameters":{}})", "")) == kNone);
    CHECK(read(read_open_inference("[1]", "")) == "no: it is no JSON");
}

TEST_CASE("tensorflow serving: metadata, by the name of the signature") {
    const std::string document = R"({"model_spec": {"name": "taxi", "signature_name": "", "version": "1"}, "metadata":
        {"signature_def": {"signature_def": {"serving_default": {"inputs": {"distance": {"dtype": "DT_FLOAT", "tensor_shape":
        {"dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}], "unknown_rank": false}, "name": "d:0"}, "weekday":
        {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": false}, "name": "w:0"}},
        "outputs": {"fare": {"dtype": "DT_DOUBLE", "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "2", "name":
        ""}]}}}, "method_name": "tensorflow/serving/predict"}, "other": {"inputs": {"x": {"dtype": "DT_INT64", "tensor_shape":
        {"dim": [], "unknown_rank": true}}}, "outputs": {}}}}}})";
    CHECK(read(read_tensorflow_serving(document, "")) == "distance float32, weekday string -> fare float64[2]");
    CHECK(read(read_tensorflow_serving(document, "other")) == "x int64 -> nothing");
    CHECK(read(read_tensorflow_serving(document, "none")) == "no: the model's metadata have no signature none");
}

TEST_CASE("mlflow: the texts of an MLmodel file") {
    CHECK(
        read(read_mlflow(
            R"([{"type": "double", "name": "distance", "required": true}, {"type": "integer", "name": "passenger", "required":
                 true}, {"type": "string", "name": "weekday", "required": false}, {"type": "boolean", "name": "night", "required":
                 true}, {"type": "datetime", "name": "at", "required": true}, {"type": "long", "name": "n"}])",
            R"([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}])")) ==
        "distance float64, passenger int32, weekday string?, night boolean, at any, n int64 -> float64");
    CHECK(read(read_mlflow(R"([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}])", "")) ==
          "float64[3] -> nothing");
    CHECK(read(read_mlflow("[]", "")) == "no: the model's signature names no inputs");
    CHECK(read(read_mlflow("null", "")) == "no: it is no list in JSON, as MLflow writes signatures");
}
