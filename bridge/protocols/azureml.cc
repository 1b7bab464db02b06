#include "bridge/protocols/azureml.h"

#include <array>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {Body{"inputs"}, Body{"data"}, Body{"bare"}};

std::string_view rows_pointer(std::string_view body) {
    if (body == "inputs") return "/Inputs/WebServiceInput0";
    return body == "data" ? "/data" : "";
}

// `result` is what AutoML's scoring scripts say, `predictions` what some MLflow deployments do.
Route results_route() {
    return {
        Step{.members = {"Results", "result", "predictions"}, .or_the_only_member = false, .or_array_here = true},
        Step{.members = {"WebServiceOutput0"}, .or_the_only_member = true, .or_array_here = true},
    };
}

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body& body) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    auto request = RequestTemplate::make(rows_pointer(body.name), endpoint.extras);
    if (!request) return std::unexpected(request.error());
    return std::make_unique<RowsProtocol>(Form{
        .body = [request = std::move(*request)](RowTexts rows) { return request.fill(rows); },
        .results = results_at(results_route(), endpoint.non_finite),
    });
}

}  // namespace

constinit const Kind kAzureml = {.name = "azureml", .bodies = kBodies, .takes = kExtras, .make = make};

}  // namespace millrace::protocols
