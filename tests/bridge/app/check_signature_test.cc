// What the endpoint's addresses, and its candidate, say they take.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "bridge/app/check.h"

using namespace millrace;
using namespace millrace::app;

namespace {

using What = engine::SignatureRead::What;

settings::Pipeline trips() {
    settings::Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.event.features = {{"distance", {}}, {"weekday", {}}};
    pipeline.endpoint.protocol = "mlflow";
    pipeline.endpoint.body = "dataframe_split";
    return pipeline;
}

Signature takes(ElementType distance, ElementType weekday = ElementType::string) {
    return {.inputs = {{.name = "distance", .type = distance, .optional = false, .shape = {}},
                       {.name = "weekday", .type = weekday, .optional = false, .shape = {}}},
            .outputs = {}};
}

AddressSignature told(const std::string& name, Signature signature) {
    return {"endpoint.addresses[" + name + "].url", "http://" + name + "/score",
            engine::SignatureRead{What::found, std::move(signature), {}, true, {}, 0}};
}

AddressSignature untold(const std::string& name, const std::string& why) {
    return {"endpoint.addresses[" + name + "].url", "http://" + name + "/score",
            engine::SignatureRead{What::failed, {}, {}, false, why, 0}};
}

// A line for each.
std::string lines(const std::vector<Finding>& found) {
    std::string out;
    for (const Finding& one : found) {
        const char* const severity = one.severity == Severity::error     ? "error"
                                     : one.severity == Severity::warning ? "warning"
                                                                         : "note";
        out += std::string(severity) + " " + one.path + " " + one.text + "\n";
    }
    return out;
}

std::string judged(const settings::Pipeline& pipeline, const std::vector<AddressSignature>& all) {
    return lines(judge_signatures(pipeline, "p", all));
}

}  // namespace

TEST_CASE("check: of one address only what is wrong is said") {
    CHECK(judged(trips(), {told("0", takes(ElementType::float64))}).empty());
    CHECK(judged(trips(), {untold("0", "connection refused")})
              .starts_with("note p.endpoint.signature the endpoint's signature is not known: connection refused; "));
}

TEST_CASE("check: of several addresses each says what was found, and another signature is an error") {
    const std::string found =
        judged(trips(), {untold("0", "HTTP 404"), told("1", takes(ElementType::float64)),
                         told("2", takes(ElementType::float64)), told("3", takes(ElementType::string))});
    CHECK(found ==
          "note p.endpoint.addresses[0].url the signature of the endpoint at http://0/score is not known: HTTP 404\n"
          "note p.endpoint.addresses[1].url the signature of the endpoint at http://1/score is distance float64, "
          "weekday string\n"
          "note p.endpoint.addresses[2].url the signature of the endpoint at http://2/score is distance float64, "
          "weekday string\n"
          "error p.endpoint.addresses[3].url the signature of the endpoint at http://3/score is another one: expected "
          "distance float64, weekday string; found distance string, weekday string (deploy the same model at every "
          "address)\n");
}

TEST_CASE("check: each address is held against a signature that is configured") {
    settings::Pipeline pipeline = trips();
    pipeline.endpoint.signature.given = takes(ElementType::float64);
    CHECK(judged(pipeline,
                 {told("0", takes(ElementType::float64)), told("1", takes(ElementType::int32)), untold("2", "no")}) ==
          "warning p.endpoint.signature is not what the endpoint at http://1/score publishes: distance int32, weekday "
          "string\n");
}

TEST_CASE("check: a candidate that takes something else is a warning, and one that says nothing a note") {
    settings::Pipeline pipeline = trips();
    pipeline.endpoint.shadow.address.url = "http://candidate/score";
    const auto of = [&](const AddressSignature& shadow) {
        return lines(judge_shadow_signature(pipeline, "p", shadow, takes(ElementType::float64)));
    };
    CHECK(of(told("0", takes(ElementType::float64))).empty());
    CHECK(of(told("0", takes(ElementType::any))).empty());
    CHECK(of(told("0", takes(ElementType::string))) ==
          "warning p.endpoint.addresses[0].url the candidate does not take what it is sent: distance: it takes string, "
          "and "
          "rows are made of float64; it takes distance string, weekday string (its copies will fail, and nothing "
          "else)\n");
    Signature more = takes(ElementType::float64);
    more.inputs.push_back({.name = "hour", .type = ElementType::int64, .optional = false, .shape = {}});
    CHECK(of(told("0", more)).contains("hour"));
    CHECK(of(untold("0", "HTTP 404")) ==
          "note p.endpoint.addresses[0].url the candidate's signature is not known: HTTP 404\n");
}
