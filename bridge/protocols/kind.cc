#include "bridge/protocols/kind.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/settings/field_path.h"

namespace millrace::protocols {
namespace {

using settings::Endpoint;
using settings::RowShape;

struct Optional {
    Takes bit;
    std::string_view field;
    bool (*is_set)(const Endpoint&);
};

constexpr std::array kOptional = {
    Optional{kExtras, "extras", [](const Endpoint& endpoint) { return !endpoint.extras.empty(); }},
    Optional{kRowsPointer, "rows_pointer", [](const Endpoint& endpoint) { return !endpoint.rows_pointer.empty(); }},
    Optional{kResultsPointer, "results_pointer",
             [](const Endpoint& endpoint) { return !endpoint.results_pointer.empty(); }},
    Optional{kRequest, "request", [](const Endpoint& endpoint) { return !endpoint.request.empty(); }},
    Optional{kTensors, "tensors", [](const Endpoint& endpoint) { return !endpoint.tensors.empty(); }},
};

std::unexpected<Error> refuse(std::string_view field, const std::string& text) {
    return fail(ErrorCode::invalid, std::string(field) + ": " + text);
}

std::unexpected<Error> no_effect(std::string_view field, const Kind& kind) {
    return refuse(field, "has no effect with protocol " + std::string(kind.name) + " (remove it)");
}

Result<const Body*> body_of(const Kind& kind, const std::string& name) {
    if (name.empty()) return &kind.bodies.front();
    const auto found = std::ranges::find(kind.bodies, name, &Body::name);
    if (found != kind.bodies.end()) return &*found;
    if (kind.bodies.front().name.empty()) return no_effect("body", kind);
    std::string known;
    for (const Body& body : kind.bodies) known += (known.empty() ? "" : ", ") + std::string(body.name);
    return refuse("body",
                  "'" + name + "' is no body of protocol " + std::string(kind.name) + " (set one of " + known + ")");
}

// Two features of one name, or nothing.
std::optional<std::string> same_names(const std::vector<settings::Feature>& features) {
    std::map<std::string, std::string> seen;
    for (const settings::Feature& feature : features) {
        const auto [first, fresh] = seen.emplace(settings::key_of(feature.field), feature.field);
        if (!fresh)
            return '\'' + feature.field + "' and '" + first->second + "' are both called '" + first->first + '\'';
    }
    return std::nullopt;
}

Rows rows_of(const settings::Pipeline& pipeline) {
    if (pipeline.event.features.empty()) return kEvents;
    switch (pipeline.endpoint.rows) {
        case RowShape::records:
            return kRecords;
        case RowShape::values:
            return kValues;
        case RowShape::arrays:
            break;
    }
    return kArrays;
}

// What gives rows that the body takes.
std::string_view remedy(const Body& body) {
    if (body.rows & kArrays) return "set rows: arrays";
    if (body.rows & kRecords) return "set rows: records";
    if (body.rows & kValues) return "set rows: values";
    return "remove event.features: the events themselves are its rows";
}

}  // namespace

Result<const Body*> check(const Kind& kind, const settings::Pipeline& pipeline) {
    for (const Optional& each : kOptional) {
        if ((kind.takes & each.bit) == 0 && each.is_set(pipeline.endpoint)) return no_effect(each.field, kind);
    }
    const auto body = body_of(kind, pipeline.endpoint.body);
    if (!body) return body;
    const Rows rows = rows_of(pipeline);
    if ((*body)->rows & rows) {
        const auto same = (*body)->named ? same_names(pipeline.event.features) : std::nullopt;
        if (same) return refuse("body", "goes by the names of event.features, but " + *same + " (choose one)");
        return body;
    }
    const std::string what =
        (*body)->name.empty() ? "protocol " + std::string(kind.name) : "body " + std::string((*body)->name);
    if (rows == kEvents) return refuse("body", what + " needs event.features (list the fields of a row)");
    return refuse("rows", what + " takes no such rows (" + std::string(remedy(**body)) + ")");
}

std::string health_url(const Kind& kind, std::string_view url) {
    if (kind.health.cut.empty()) return {};
    url = url.substr(0, url.find('?'));
    const std::size_t scheme = url.find("://");
    const std::size_t path = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
    const std::size_t cut = url.rfind(kind.health.cut);
    if (path == std::string_view::npos || cut == std::string_view::npos || cut < path) return {};
    return std::string(url.substr(0, cut)) + std::string(kind.health.path);
}

bool is_well(int status, std::string_view body) {
    if ((status >= 500 && status != 501) || status == 429) return false;
    // TensorFlow Serving says 200 of a model that is still loading, too.
    return !body.contains("model_version_status") || body.contains("AVAILABLE");
}

}  // namespace millrace::protocols
