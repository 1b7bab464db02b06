#include "bridge/protocols/mlflow.h"

#include <array>
#include <string>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/columns.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {
    Body{"dataframe_split", kArrays, true},
    Body{"dataframe_records", kRecords | kEvents},
    Body{"instances"},
    Body{"inputs"},
    Body{"named_inputs", kArrays, true},
};

Route results_route() { return {Step{.members = {"predictions"}, .or_array_here = true, .or_columns_below = true}}; }

Outcome outcome(const Response& response) {
    return response.status == 400 ? Outcome::model_raised : by_status(response);
}

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body& body) {
    const std::string place = body.name == "named_inputs" ? "/inputs" : '/' + std::string(body.name);
    auto made = RequestTemplate::make(place, pipeline.endpoint.extras);
    if (!made) return std::unexpected(made.error());
    Form form{.results = results_at(results_route(), pipeline.endpoint.non_finite), .outcome = outcome};
    const Columns columns(pipeline.event.features);
    RequestTemplate& request = *made;
    if (body.name == "dataframe_split") {
        form.body = [request, columns](RowTexts rows) { return request.put(columns.split(rows)); };
    } else if (body.name == "named_inputs") {
        form.body = [request, columns](RowTexts rows) { return request.put(columns.object(rows)); };
    } else {
        form.body = [request](RowTexts rows) { return request.fill(rows); };
    }
    return std::make_unique<RowsProtocol>(std::move(form));
}

}  // namespace

constinit const Kind kMlflow = {
    .name = "mlflow", .bodies = kBodies, .takes = kExtras, .make = make, .health = {"/invocations", "/ping"}};

}  // namespace millrace::protocols
