// endpoint.signature: what may stand there, and MLmodel files.
#include "bridge/config/signature_value.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "bridge/signature/text.h"
#include "sample.h"

using namespace millrace;
using namespace millrace::config;
using settings::SignatureFrom;

namespace {

std::string sample(const std::string& signature) {
    return sample_with("5001/score\n", "5001/score\n      signature: " + signature + "\n");
}
settings::SignatureSource source(const std::string& signature) {
    return loaded(sample(signature)).pipelines.at(0).endpoint.signature;
}

std::string read_file(const std::string& text) {
    const std::string path = (std::filesystem::temp_directory_path() / "millrace-mlmodel-test").string();
    std::ofstream(path) << text;
    auto reading = load_with_places("t.yaml", sample("{file: " + path + "}"));
    REQUIRE(reading);
    Problems problems("t.yaml");
    read_model_files(*reading, problems);
    std::remove(path.c_str());
    const auto found = std::move(problems).take();
    if (!found.empty()) return found.front().path + ": " + found.front().text.substr(path.size() + 3);
    const Signature& given = reading->settings.pipelines.at(0).endpoint.signature.given;
    return signature::one_line(given.inputs) + " -> " + signature::one_line(given.outputs);
}

}  // namespace

TEST_CASE("signature: each form") {
    CHECK(loaded(kSample).pipelines.at(0).endpoint.signature.from == SignatureFrom::endpoint);
    CHECK(source("endpoint").from == SignatureFrom::endpoint);
    CHECK(source("none").from == SignatureFrom::nowhere);
    const auto here = source("{inputs: {vendorid: \"string?\", \"true\": int64}, outputs: {\"\": float64}}");
    CHECK(here.from == SignatureFrom::here);
    CHECK(signature::one_line(here.given.inputs) == "vendorid string?, true int64");
    CHECK(signature::one_line(here.given.outputs) == "float64");
}

TEST_CASE("signature: what is printed can be pasted") {
    const Signature given = source("{inputs: {a: \"float64[3]\", \"b c\": string}, outputs: {d: \"int8?\"}}").given;
    const std::string block = signature::yaml_block(given, "      ");
    CHECK(loaded(sample_with("5001/score\n", "5001/score\n" + block)).pipelines.at(0).endpoint.signature.given ==
          given);
}

TEST_CASE("signature: what is wrong is told") {
    const std::string at = "t.yaml:12:18: pipelines[0].endpoint.signature";
    CHECK(complaints(sample("model.yaml")) ==
          at + ": 'model.yaml' is neither endpoint nor none (of a file write {file: model.yaml})\n");
    CHECK(complaints(sample("{outputs: {a: int8}}")) ==
          at + ": must have either file or inputs (write for example {inputs: {distance: float64}})\n");
    CHECK(complaints(sample("{inputs: {a: double}}")).contains(".inputs.a: 'double' is no type (one of any, boolean"));
    CHECK(complaints(sample("{inputs: []}")).contains("signature.inputs: must be a map of names to types"));
    CHECK(complaints(sample("{inputs: {a: int8}, file: x}")).contains("must have either file or inputs"));
    CHECK(complaints(sample("{input: {a: int8}}")).contains("key 'input' is not known here"));
}

TEST_CASE("signature: an MLmodel file as MLflow 3.17.2 writes it") {
    CHECK(read_file(
              "flavors:\n  python_function:\n    env: {conda: conda.yaml}\nsignature:\n"
              "  inputs: '[{\"type\": \"double\", \"name\": \"distance\", \"required\": true}, {\"type\": \"string\",\n"
              "    \"name\": \"weekday\", \"required\": false}]'\n"
              "  outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1]}}]'\n"
              "  params: null\nutc_time_created: '2026-11-27 11:15:55.197971'\n") ==
          "distance float64, weekday string? -> float64");
    CHECK(read_file("signature:\n  inputs: '[{\"type\": \"long\", \"name\": \"n\"}]'\n  outputs: null\n") ==
          "n int64 -> nothing");
    CHECK(read_file("flavors: {}\n")
              .starts_with(
                  "pipelines[0].endpoint.signature: has no signature with inputs (log the model with a signature"));
    CHECK(read_file("signature: {inputs: 'x'}\n").contains("it is no list in JSON"));
}
