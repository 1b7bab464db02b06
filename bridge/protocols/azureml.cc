#include "bridge/protocols/azureml.h"

#include <utility>

#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

std::string_view rows_pointer(settings::AzuremlBody body) {
    switch (body) {
        case settings::AzuremlBody::inputs:
            return "/Inputs/WebServiceInput0";
        case settings::AzuremlBody::data:
            return "/data";
        case settings::AzuremlBody::bare:
            break;
    }
    return "";
}

// `result` is what AutoML's scoring scripts say, `predictions` what some MLflow deployments do.
Route results_route() {
    return {
        Step{.members = {"Results", "result", "predictions"}, .or_the_only_member = false, .or_array_here = true},
        Step{.members = {"WebServiceOutput0"}, .or_the_only_member = true, .or_array_here = true},
    };
}

}  // namespace

Result<std::unique_ptr<Protocol>> make_azureml(const settings::Endpoint& endpoint) {
    if (!endpoint.rows_pointer.empty() || !endpoint.results_pointer.empty()) {
        return fail(ErrorCode::invalid,
                    "rows_pointer, results_pointer: protocol azureml knows its places (use body: inputs, data or bare; "
                    "or protocol: json)");
    }
    auto request = RequestTemplate::make(rows_pointer(endpoint.body), endpoint.extras);
    if (!request) return std::unexpected(request.error());
    return std::make_unique<RowsProtocol>(std::move(*request), results_route(), endpoint.non_finite);
}

}  // namespace millrace::protocols
