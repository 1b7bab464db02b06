#include "bridge/protocols/azureml.h"

#include <array>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/columns.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"
#include "bridge/settings/addresses.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {
    Body{"inputs"},     Body{"data"},
    Body{"bare"},       Body{"input_data_split", kArrays, true},
    Body{"input_data"}, Body{"named_input_data", kArrays, true},
};

std::string_view rows_pointer(std::string_view body) {
    if (body == "inputs") return "/Inputs/WebServiceInput0";
    if (body == "bare") return "";
    return body == "data" ? "/data" : "/input_data";
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
    auto made = RequestTemplate::make(rows_pointer(body.name), endpoint.extras);
    if (!made) return std::unexpected(made.error());
    const RequestTemplate& request = *made;
    Form form{.results = results_at(results_route(), endpoint.non_finite)};
    const Columns columns(pipeline.event.features);
    if (body.name == "input_data_split") {
        form.body = [request, columns](RowTexts rows) { return request.put(columns.split(rows)); };
    } else if (body.name == "named_input_data") {
        form.body = [request, columns](RowTexts rows) { return request.put(columns.object(rows)); };
    } else {
        form.body = [request](RowTexts rows) { return request.fill(rows); };
    }
    return std::make_unique<RowsProtocol>(std::move(form));
}

// Beside the call: /score → /swagger.json, /api/v1/service/NAME/score → /api/v1/service/NAME/swagger.json.
std::string swagger_url(std::string_view url) {
    url = without_query(url);
    if (path_of(url).size() < 2) return "";
    return std::string(url.substr(0, url.rfind('/'))) + "/swagger.json";
}

std::string call(const settings::Endpoint& endpoint) {
    return std::string(path_of(settings::routes(endpoint).addresses.front().url));
}

constexpr Contract kSwagger = {.url = swagger_url, .read = signature::read_swagger, .which = call};

}  // namespace

constinit const Kind kAzureml = {
    .name = "azureml", .bodies = kBodies, .takes = kExtras, .make = make, .health = {"/", "/"}, .contract = &kSwagger};

}  // namespace millrace::protocols
