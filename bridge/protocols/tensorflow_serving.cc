#include "bridge/protocols/tensorflow_serving.h"

#include <array>
#include <string>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/columns.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {Body{"instances"}, Body{"inputs"}, Body{"named_inputs", kArrays, true}};

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body& body) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    const bool in_rows = body.name == "instances";
    auto made = RequestTemplate::make(in_rows ? "/instances" : "/inputs", endpoint.extras);
    if (!made) return std::unexpected(made.error());
    const RequestTemplate& request = *made;
    const Step step =
        in_rows ? Step{.members = {"predictions"}} : Step{.members = {"outputs"}, .or_columns_below = true};
    Form form{.results = results_at({step}, endpoint.non_finite), .outcome = by_status_and_words};
    if (body.name == "named_inputs") {
        form.body = [request, columns = Columns(pipeline.event.features)](RowTexts rows) {
            return request.put(columns.object(rows));
        };
    } else {
        form.body = [request](RowTexts rows) { return request.fill(rows); };
    }
    return std::make_unique<RowsProtocol>(std::move(form));
}

}  // namespace

constinit const Kind kTensorflowServing = {
    .name = "tensorflow_serving", .bodies = kBodies, .takes = kExtras, .make = make, .health = {":", ""}};

}  // namespace millrace::protocols
