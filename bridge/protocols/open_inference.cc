#include "bridge/protocols/open_inference.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/text.h"
#include "bridge/protocols/columns.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/raw_tensors.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"
#include "bridge/protocols/tensors.h"
#include "bridge/settings/field_path.h"
#include "bridge/signature/datatype.h"
#include "bridge/signature/fit.h"

namespace millrace::protocols {
namespace {

using signature::Datatype;
using signature::find_datatype;

constexpr std::array kBodies = {Body{"matrix", kArrays}, Body{"columns", kArrays, true}, Body{"binary_matrix", kArrays},
                                Body{"binary_columns", kArrays, true}};

bool is_matrix(const Body& body) { return body.name.ends_with("matrix"); }
bool is_binary(const Body& body) { return body.name.starts_with("binary_"); }

std::unexpected<Error> refuse(const std::string& text) { return fail(ErrorCode::invalid, "tensors: " + text); }

// The inputs' datatypes in the order of the request.
Result<std::vector<const Datatype*>> datatypes(const settings::Pipeline& pipeline, const Body& body) {
    const auto& tensors = pipeline.endpoint.tensors;
    for (const auto& [name, datatype] : tensors) {
        if (find_datatype(datatype) == nullptr) {
            return refuse('\'' + datatype +
                          "' is no datatype (set one of BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, "
                          "FP64, BYTES)");
        }
    }
    if (is_matrix(body)) {
        if (tensors.size() == 1) return std::vector{find_datatype(tensors.begin()->second)};
        return refuse("body " + std::string(body.name) +
                      " has one input (write {NAME: DATATYPE}, as the model's metadata call it)");
    }
    std::vector<const Datatype*> found;
    for (const settings::Feature& feature : pipeline.event.features) {
        const std::string name = settings::key_of(feature.field);
        const auto tensor = tensors.find(name);
        if (tensor == tensors.end()) return refuse("feature '" + name + "' has no datatype (add it)");
        found.push_back(find_datatype(tensor->second));
    }
    if (found.size() == tensors.size()) return found;
    return refuse("has more inputs than event.features (inputs of body " + std::string(body.name) +
                  " are called after them)");
}

// One input of N rows: their texts without the brackets around each.
std::string matrix(std::string_view name, std::string_view datatype, std::size_t features, RowTexts rows) {
    std::string data;
    for (const std::string_view row : rows) (data += row.substr(1, row.size() - 2)) += ',';
    data.pop_back();
    return '[' + tensor(name, datatype, rows.size(), features, data) + ']';
}

std::string columns(const Columns& table, const std::vector<const Datatype*>& datatypes, RowTexts rows) {
    const std::vector<std::string> values = table.values(rows);
    std::string list = "[";
    for (std::size_t i = 0; i < values.size(); ++i) {
        list += tensor(table.names()[i], datatypes[i]->name, rows.size(), 1, values[i]) + ',';
    }
    list.back() = ']';
    return list;
}

std::string quoted(std::string_view name) {
    std::string text;
    append_quoted(text, name);
    return text;
}

// What each feature has to be to go as raw bytes.
std::vector<SignatureField> carried(const settings::Pipeline& pipeline, const Body& body) {
    std::vector<SignatureField> columns;
    const auto types = datatypes(pipeline, body);
    if (!is_binary(body) || !types) return columns;
    for (std::size_t i = 0; i < pipeline.event.features.size(); ++i) {
        columns.push_back({.name = settings::key_of(pipeline.event.features[i].field),
                           .type = (*types)[is_matrix(body) ? 0 : i]->type,
                           .optional = false,
                           .shape = {}});
    }
    return columns;
}

// Values the configuration has for rows go as they are, so they have to be what the datatypes hold.
Result<void> check_values(const settings::Pipeline& pipeline, const std::vector<SignatureField>& columns) {
    const auto holds = [](std::string_view value, ElementType type) {
        std::string fitted;
        return signature::append_fitted(fitted, value, type) && fitted == value;
    };
    JsonReader control(pipeline.endpoint.control);
    const bool has_control = control.peek() == JsonReader::Kind::array;
    if (has_control) control.enter();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const settings::Feature& feature = pipeline.event.features[i];
        const std::string type(name(columns[i].type));
        if (feature.fallback && !holds(*feature.fallback, columns[i].type)) {
            return fail(ErrorCode::invalid, "body: goes as raw bytes, and the default of feature '" + feature.field +
                                                "' is no " + type + " (set another, or none)");
        }
        if (has_control && control.more() && !holds(control.skip(), columns[i].type)) {
            return fail(ErrorCode::invalid, "control: goes as raw bytes, and its value for feature '" + feature.field +
                                                "' is no " + type + " (write it as one)");
        }
    }
    return {};
}

Result<std::unique_ptr<Protocol>> make_binary(const settings::Pipeline& pipeline, const Body& body,
                                              const std::vector<const Datatype*>& types) {
    if (auto good = check_values(pipeline, carried(pipeline, body)); !good) return std::unexpected(good.error());
    const std::size_t features = pipeline.event.features.size();
    if (is_matrix(body))
        return RawTensors::make(pipeline.endpoint, {{quoted(pipeline.endpoint.tensors.begin()->first), types.front()}},
                                features);
    std::vector<RawTensors::Input> inputs;
    for (std::size_t i = 0; i < features; ++i)
        inputs.push_back({quoted(settings::key_of(pipeline.event.features[i].field)), types[i]});
    return RawTensors::make(pipeline.endpoint, std::move(inputs), features);
}

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body& body) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    auto types = datatypes(pipeline, body);
    if (!types) return std::unexpected(types.error());
    if (is_binary(body)) return make_binary(pipeline, body, *types);
    auto made = RequestTemplate::make("/inputs", endpoint.extras);
    if (!made) return std::unexpected(made.error());
    const RequestTemplate& request = *made;
    Form form{.results = [policy = endpoint.non_finite](
                             std::string_view text, std::size_t rows) { return read_tensors(text, {}, rows, policy); },
              .outcome = by_status_and_words};
    if (is_matrix(body)) {
        form.body = [request, name = quoted(endpoint.tensors.begin()->first), type = types->front()->name,
                     features = pipeline.event.features.size()](RowTexts rows) {
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
                                       .contract = &kMetadata,
                                       .carries = carried};

}  // namespace millrace::protocols
