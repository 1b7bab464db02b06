// The protocol open_inference: shapes of outputs, and what it asks of the configuration.
#include <doctest/doctest.h>

#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

settings::Pipeline pipeline(const char* body, std::map<std::string, std::string> tensors) {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"a", {}}, {"/b/c", {}}};
    pipeline.endpoint.protocol = "open_inference";
    pipeline.endpoint.body = body;
    pipeline.endpoint.tensors = std::move(tensors);
    return pipeline;
}

Answer answered(const std::string& body, std::size_t rows, int status = 200) {
    return make(pipeline("matrix", {{"x", "FP32"}}))->decode({status, {}, body, {}}, rows);
}

std::string output(const char* name, const char* shape, const char* data) {
    return std::string(R"({"name":")") + name + R"(","datatype":"FP64","shape":)" + shape + R"(,"data":)" + data + "}";
}

Texts sliced(const char* shape, const char* data, std::size_t rows) {
    return answered(R"({"outputs":[)" + output("y", shape, data) + "]}", rows).scores;
}

}  // namespace

TEST_CASE("open inference: slices along the first dimension, flat or nested") {
    CHECK(sliced("[2]", "[1.50,2]", 2) == Texts{"1.50", "2"});
    CHECK(sliced("[2,1]", "[1.50,2]", 2) == Texts{"1.50", "2"});
    CHECK(sliced("[2,1]", "[[1.50],[2]]", 2) == Texts{"1.50", "2"});
    CHECK(sliced("[2,2]", "[1,2,3,4]", 2) == Texts{"[1,2]", "[3,4]"});
    CHECK(sliced("[2,2]", "[ [1, 2], [3,4] ]", 2) == Texts{"[1,2]", "[3,4]"});
    CHECK(sliced("[1,2,3]", "[1,2,3,4,5,6]", 1) == Texts{"[[1,2,3],[4,5,6]]"});
    CHECK(sliced("[2,2,1]", "[[[1],[2]],[[3],[4]]]", 2) == Texts{"[[1],[2]]", "[[3],[4]]"});
    CHECK(sliced("[3,2,2]", "[1,2,3,4,5,6,7,8,9,10,11,12]", 3) ==
          Texts{"[[1,2],[3,4]]", "[[5,6],[7,8]]", "[[9,10],[11,12]]"});
    CHECK(sliced("[2,0]", "[]", 2) == Texts{"[]", "[]"});
    CHECK(sliced("[2,0]", "[[],[]]", 2) == Texts{"[]", "[]"});
    CHECK(sliced("[2]", R"(["[1]","}"])", 2) == Texts{R"("[1]")", R"("}")"});
    CHECK(sliced("[2]", "[NaN,-Infinity]", 2) == Texts{"null", "null"});
}

TEST_CASE("open inference: several outputs give an object per row") {
    const std::string body = R"({"id":"x","outputs":[)" + output("label", "[2]", R"(["a","b"])") + "," +
                             output("p", "[2,2]", "[0.1,0.9,0.5,0.5]") + R"(],"model_name":"m"})";
    CHECK(answered(body, 2).scores == Texts{R"({"label":"a","p":[0.1,0.9]})", R"({"label":"b","p":[0.5,0.5]})"});
    CHECK(answered(body, 3).reason == "expected 3 results, found 2 in \"label\"");
}

TEST_CASE("open inference: data that does not agree with its shape is a broken contract") {
    for (const auto& [shape, data] : std::initializer_list<std::pair<const char*, const char*>>{
             {"[2]", "[1]"},
             {"[2]", "[1,2,3]"},
             {"[2]", "[[1],[2]]"},
             {"[2,2]", "[1,2,3]"},
             {"[2,2]", "[[1],[2,3,4]]"},
             {"[2,2]", "[[1,2],[3,4],[5,6]]"},
             {"[2,2]", "[[1,2],3,4]"},
             {"[2,2]", "[1,2,[3,4]]"},
             {"[2,1]", "[[1],2]"},
             {"[2,1]", "[[1,2],[]]"},
             {"[2,0]", "[1]"},
             {"[2]", "[{},{}]"},
             {"[2]", "{}"},
             {"[2]", "null"},
             {"[]", "[1,2]"},
             {"2", "[1,2]"},
             {"[-2]", "[1,2]"},
             {"[2.0]", "[1,2]"},
             {"[\"2\"]", "[1,2]"},
             {"[18446744073709551618]", "[1,2]"},
             {"[2,9223372036854775808,2]", "[]"},
             {"[2,4294967296,4294967296]", "[]"},
             {"[2,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[1,2]"},
         }) {
        CAPTURE(shape);
        CAPTURE(data);
        const Answer answer = answered(R"({"outputs":[)" + output("y", shape, data) + "]}", 2);
        CHECK(answer.outcome == Outcome::contract_broken);
        CHECK(answer.reason.starts_with("expected 2 results, found "));
    }
}

TEST_CASE("open inference: outputs that cannot be told apart, or are none, are a broken contract") {
    const std::string good = output("y", "[1]", "[1]");
    std::string many = good;
    for (int i = 0; i < 256; ++i) many += ',' + output(("y" + std::to_string(i)).c_str(), "[1]", "[1]");
    for (const std::string& body : {
             std::string(R"({"outputs":[]})"),
             std::string(R"({"error":"boom"})"),
             std::string("[1]"),
             std::string(R"({"outputs":{"y":[1]}})"),
             std::string(R"({"outputs":[[1]]})"),
             R"({"outputs":[)" + good + "," + good + "]}",
             R"({"outputs":[)" + good + R"(],"outputs":[)" + good + "]}",
             std::string(R"({"outputs":[{"name":"y","shape":[1],"shape":[1],"data":[1]}]})"),
             std::string(R"({"outputs":[{"name":"y","shape":[1],"parameters":{"binary_data_size":8}}]})"),
             std::string(R"({"outputs":[{"name":7,"shape":[1],"data":[1]}]})"),
             R"({"outputs":[)" + many + "]}",
         }) {
        CAPTURE(body);
        CHECK(answered(body, 1).outcome == Outcome::contract_broken);
    }
}

TEST_CASE("open inference: a 500 with words is the model's, one without is the server's trouble") {
    CHECK(answered(R"({"error":"ValueError: could not convert"})", 1, 500).outcome == Outcome::model_raised);
    CHECK(answered("Internal Server Error", 1, 500).outcome == Outcome::failed);
    CHECK(answered("<html>", 1, 500).outcome == Outcome::failed);
    CHECK(answered(R"({"error":"not ready"})", 1, 400).outcome == Outcome::rejected);
}

TEST_CASE("open inference: inputs are named, and have a datatype") {
    const auto said = [](const char* body, std::map<std::string, std::string> tensors) {
        const auto good = check(pipeline(body, std::move(tensors)));
        return good ? "" : good.error().text;
    };
    CHECK(said("matrix", {{"x", "FP32"}}) == "");
    CHECK(said("columns", {{"a", "FP32"}, {"c", "BYTES"}}) == "");
    CHECK(said("matrix", {}) ==
          "tensors: body matrix has one input (write {NAME: DATATYPE}, as the model's metadata call it)");
    CHECK(said("matrix", {{"x", "FP32"}, {"y", "FP32"}}).starts_with("tensors: body matrix has one input"));
    CHECK(said("matrix", {{"x", "float"}}).starts_with("tensors: 'float' is no datatype (set one of BOOL, "));
    CHECK(said("columns", {{"a", "FP32"}}) == "tensors: feature 'c' has no datatype (add it)");
    CHECK(said("columns", {{"a", "FP32"}, {"c", "FP32"}, {"d", "FP32"}}).starts_with("tensors: has more inputs than"));
}
