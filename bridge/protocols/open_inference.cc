#include "bridge/protocols/open_inference.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/text.h"
#include "bridge/protocols/columns.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"
#include "bridge/protocols/tensors.h"
#include "bridge/settings/field_path.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {Body{"matrix", kArrays}, Body{"columns", kArrays, true}};

constexpr std::array<std::string_view, 13> kDatatypes = {
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"};

std::unexpected<Error> refuse(const std::string& text) { return fail(ErrorCode::invalid, "tensors: " + text); }

// The inputs' datatypes in the order of the request.
Result<std::vector<std::string>> datatypes(const settings::Pipeline& pipeline, bool matrix) {
    const auto& tensors = pipeline.endpoint.tensors;
    for (const auto& [name, datatype] : tensors) {
        if (std::ranges::find(kDatatypes, datatype) == kDatatypes.end()) {
            return refuse('\'' + datatype +
                          "' is no datatype (set one of BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, "
                          "FP64, BYTES)");
        }
    }
    if (matrix) {
        if (tensors.size() == 1) return std::vector{tensors.begin()->second};
        return refuse("body matrix has one input (write {NAME: DATATYPE}, as the model's metadata call it)");
    }
    std::vector<std::string> found;
    for (const settings::Feature& feature : pipeline.event.features) {
        const std::string name = settings::key_of(feature.field);
        const auto tensor = tensors.find(name);
        if (tensor == tensors.end()) return refuse("feature '" + name + "' has no datatype (add it)");
        found.push_back(tensor->second);
    }
    if (found.size() == tensors.size()) return found;
    return refuse("has more inputs than event.features (inputs of body columns are called after them)");
}

// One input of N rows: their texts without the brackets around each.
std::string matrix(std::string_view name, std::string_view datatype, std::size_t features, RowTexts rows) {
    std::string data;
    for (const std::string_view row : rows) (data += row.substr(1, row.size() - 2)) += ',';
    data.pop_back();
    return '[' + tensor(name, datatype, rows.size(), features, data) + ']';
}

std::string columns(const Columns& table, const std::vector<std::string>& datatypes, RowTexts rows) {
    const std::vector<std::string> values = table.values(rows);
    std::string list = "[";
    for (std::size_t i = 0; i < values.size(); ++i) {
        list += tensor(table.names()[i], datatypes[i], rows.size(), 1, values[i]) + ',';
    }
    list.back() = ']';
    return list;
}

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body& body) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    const bool is_matrix = body.name == "matrix";
    auto types = datatypes(pipeline, is_matrix);
    if (!types) return std::unexpected(types.error());
    auto made = RequestTemplate::make("/inputs", endpoint.extras);
    if (!made) return std::unexpected(made.error());
    const RequestTemplate& request = *made;
    Form form{.results = [policy = endpoint.non_finite](std::string_view text,
                                                        std::size_t rows) { return read_tensors(text, rows, policy); },
              .outcome = by_status_and_words};
    if (is_matrix) {
        std::string name;
        append_quoted(name, endpoint.tensors.begin()->first);
        form.body = [request, name, type = types->front(), features = pipeline.event.features.size()](RowTexts rows) {
            return request.put(matrix(name, type, features, rows));
        };
    } else {
        form.body = [request, types = *types, table = Columns(pipeline.event.features)](RowTexts rows) {
            return request.put(columns(table, types, rows));
        };
    }
    return std::make_unique<RowsProtocol>(std::move(form));
}

// /v2/models/NAME/infer → /v2/models/NAME
std::string metadata_url(std::string_view url) {
    constexpr std::string_view kCall = "/infer";
    url = without_query(url);
    if (!url.ends_with(kCall)) return "";
    return std::string(url.substr(0, url.size() - kCall.size()));
}

constexpr Contract kMetadata = {.url = metadata_url, .read = signature::read_open_inference};

}  // namespace

constinit const Kind kOpenInference = {.name = "open_inference",
                                       .bodies = kBodies,
                                       .takes = kExtras | kTensors,
                                       .make = make,
                                       .health = {"/v2/", "/v2/health/ready"},
                                       .contract = &kMetadata};

}  // namespace millrace::protocols
