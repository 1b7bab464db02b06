// Ordered results as a person asks for them: what is read, and each rule broken once.
#include <doctest/doctest.h>

#include <string>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

constexpr std::string_view kName = "name: fares";
constexpr std::string_view kResults = "subject: results.{tenant}.fares";

std::string ordered(std::string yaml) {
    const auto at = yaml.find(kName);
    return yaml.insert(at + kName.size(), "\n    ordered: true");
}

}  // namespace

TEST_CASE("ordered: what is read") {
    const auto pipeline =
        loaded(ordered(sample_with(kResults, std::string(kResults) + "\n      as: batch"))).pipelines.at(0);
    CHECK(pipeline.ordered);
    CHECK(pipeline.results.as == settings::ResultsAs::batch);
    CHECK(settings::is_owned(pipeline));
    const auto plain = loaded(std::string(kSample)).pipelines.at(0);
    CHECK_FALSE(plain.ordered);
    CHECK(plain.results.as == settings::ResultsAs::event);
    CHECK_FALSE(settings::is_owned(plain));
}

TEST_CASE("ordered: state belongs to it, with its rules") {
    CHECK(complaints(ordered(sample_with("    event:\n", "    state: {lease: 5s}\n    event:\n"))) == "");
    CHECK(complaints(ordered(sample_with("    event:\n", "    state: {checkpoint_every: 1s, lease: 3s}\n    event:\n")))
              .contains("state.checkpoint_every: 1s is not below a third of state.lease 3s"));
}

TEST_CASE("ordered: batches are of events in order") {
    CHECK(complaints(sample_with(kResults, std::string(kResults) + "\n      as: batch"))
              .contains("pipelines[0].results.as: 'batch' holds results that follow each other, and without order none "
                        "do (add ordered: true to the pipeline, or write as: event)\n"));
    CHECK(complaints(sample_with(kResults, std::string(kResults) + "\n      as: lots"))
              .contains("pipelines[0].results.as: 'lots'"));
}

TEST_CASE("ordered: without an endpoint there is nothing to order") {
    CHECK(complaints("version: 1\npipelines:\n  - name: trips\n    ordered: true\n"
                     "    input: {stream: EVENTS, subject: \"events.{tenant}.trips\"}\n"
                     "    aggregates:\n      - {name: a, window: snapshot, select: {n: count()}}\n") ==
          "t.yaml:4:14: pipelines[0].ordered: orders results, and there is no endpoint to make any (remove it; "
          "aggregates are made in the order of the stream anyway)\n");
}

TEST_CASE("ordered: subjects of results are a pipeline's own") {
    const std::string one(kSample);
    std::string two = one.substr(one.find("  - name:"));
    two.replace(two.find(kName), kName.size(), "name: other");
    CHECK(complaints(one + two) == "");
    CHECK(
        complaints(ordered(one) + two)
            .contains("pipelines[1].results.subject: 'results.{tenant}.fares' overlaps the results of pipeline fares, "
                      "and ordered results need subjects of their own (choose another)\n"));
}
