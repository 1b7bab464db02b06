#include "bridge/protocols/tensorflow_serving.h"

#include <array>
#include <string>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/columns.h"
#include "bridge/protocols/json_reader.h"
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

// /v1/models/NAME:predict → /v1/models/NAME/metadata
std::string metadata_url(std::string_view url) {
    url = without_query(url);
    const std::size_t colon = url.rfind(':');
    if (colon == std::string_view::npos || colon < url.rfind('/')) return "";
    return std::string(url.substr(0, colon)) + "/metadata";
}

// `signature_name` of the extras.
std::string signature_name(const settings::Endpoint& endpoint) {
    JsonReader reader(endpoint.extras);
    if (reader.peek() != JsonReader::Kind::object) return "";
    reader.enter();
    while (reader.more()) {
        const bool wanted = is_name(reader.key(), "signature_name");
        const bool text = reader.peek() == JsonReader::Kind::string;
        const std::string_view value = reader.skip();
        if (wanted && text) return unescape(value.substr(1, value.size() - 2)).value_or("");
    }
    return "";
}

constexpr Contract kMetadata = {
    .url = metadata_url, .read = signature::read_tensorflow_serving, .which = signature_name};

}  // namespace

constinit const Kind kTensorflowServing = {.name = "tensorflow_serving",
                                           .bodies = kBodies,
                                           .takes = kExtras,
                                           .make = make,
                                           .health = {":", ""},
                                           .contract = &kMetadata};

}  // namespace millrace::protocols
