#include <simdjson.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "bridge/config/complaint.h"
#include "bridge/config/scalars.h"
#include "bridge/protocols/registry.h"
#include "bridge/settings/addresses.h"

namespace millrace::config {
namespace {

using settings::Address;
using settings::Endpoint;
using settings::Pipeline;

constexpr std::size_t kMostAddresses = 32;  // as the dispatcher tells them apart

// `path` is where the headers stand, `merged` what they are sent beside.
void check_headers(const std::map<std::string, std::string>& headers, const Address& merged, const std::string& path,
                   const Complaints& complain) {
    std::map<std::string, std::string> seen;
    for (const auto& [name, value] : headers) {
        const std::string where = join(path + ".headers", name);
        const std::string folded = lower(name);
        const auto [first, fresh] = seen.emplace(folded, name);
        if (!fresh) complain(where, quote(name) + " and " + quote(first->second) + " are the same header (remove one)");
        if (folded == "authorization" && !(merged.key_file.empty() && merged.identity.empty())) {
            complain(where, std::string("is set from ") + (merged.key_file.empty() ? "identity" : "key_file") +
                                " already (remove one)");
        }
        if (folded == "azureml-model-deployment" && !merged.deployment.empty()) {
            complain(where, "is set from deployment already (remove one)");
        }
    }
}

void check_addresses(const Endpoint& endpoint, const std::string& path, const Complaints& complain) {
    Address shared;
    shared.key_file = endpoint.key_file;
    shared.identity = endpoint.identity;
    shared.deployment = endpoint.deployment;
    check_headers(endpoint.headers, shared, path, complain);
    const settings::Routes all = settings::routes(endpoint);
    for (std::size_t i = 0; i < endpoint.addresses.size(); ++i) {
        const std::string where = join(path + ".addresses", i);
        check_headers(endpoint.addresses[i].headers, all.addresses[i], where, complain);
        if (endpoint.selection == settings::Selection::failover && complain.mentions(where + ".weight")) {
            complain(where + ".weight",
                     "has no effect with selection: failover (remove it, or set selection: weights)");
        }
    }
    if (endpoint.addresses.size() > kMostAddresses) {
        complain(path + ".addresses", "has " + std::to_string(endpoint.addresses.size()) + " of them, above " +
                                          std::to_string(kMostAddresses) + " (put a balancer before them)");
    }
    if (complain.mentions(path + ".url") && !endpoint.addresses.empty()) {
        complain(path + ".url", "stands beside addresses (make it the first of them)");
    } else if (endpoint.url.empty() && endpoint.addresses.empty() && !complain.problems.spoils(path + ".addresses")) {
        complain(path + ".url", "is required (write for example url: http://127.0.0.1:5001/score)");
    }
    if (complain.mentions(path + ".selection") && endpoint.addresses.empty())
        complain(path + ".selection", "has no effect without addresses (remove it)");
}

void check_tenants(const Endpoint& endpoint, const std::string& path, const Complaints& complain) {
    std::map<std::string, std::string> seen;
    for (std::size_t i = 0; i < endpoint.tenants.size(); ++i) {
        const auto& [names, address] = endpoint.tenants[i];
        const std::string where = join(path + ".tenants", i);
        check_headers(address.headers, address, where, complain);
        for (std::size_t n = 0; n < names.size(); ++n) {
            const auto [first, fresh] = seen.emplace(names[n], where);
            if (!fresh)
                complain(join(where + ".names", n), quote(names[n]) + " stands in " + first->second + " already");
        }
        if (address.url.empty() && address.headers.empty() && address.key_file.empty() && address.identity.empty() &&
            address.audience.empty() && address.deployment.empty() && !complain.problems.spoils(where + ".url")) {
            complain(where, "changes nothing for its tenants (give a url, key_file, identity, deployment or headers)");
        }
    }
}

// The text begins with the field it is about.
void check_protocol(const Pipeline& pipeline, const std::string& pipeline_path, const Complaints& complain,
                    const Problems& problems) {
    const std::string path = pipeline_path + ".endpoint";
    if (problems.spoils(pipeline_path + ".event.features")) return;
    for (const char* const field :
         {".protocol", ".body", ".rows", ".extras", ".rows_pointer", ".results_pointer", ".tensors", ".request"}) {
        if (problems.spoils(path + field)) return;
    }
    const auto good = protocols::check(pipeline);
    if (good) return;
    const std::string& text = good.error().text;
    const std::size_t colon = text.find(": ");
    if (colon == std::string::npos) return complain(path, text);
    complain(path + "." + text.substr(0, colon), text.substr(colon + 2));
}

// What is wrong with the control row, or nothing.
std::string control_mistake(const Pipeline& pipeline) {
    const simdjson::padded_string text(pipeline.endpoint.control);
    simdjson::dom::parser parser;
    simdjson::dom::element row;
    if (parser.parse(text).get(row) != simdjson::SUCCESS) return "is not one JSON value";
    const std::size_t wanted = pipeline.event.features.size();
    if (wanted == 1 && pipeline.endpoint.rows == settings::RowShape::values) {
        return row.is_object() || row.is_array() ? "must be one value, since rows is values" : "";
    }
    const bool is_record = wanted == 0 || pipeline.endpoint.rows == settings::RowShape::records;
    const std::string what = wanted == 0 ? "rows are whole events" : is_record ? "rows is records" : "rows is arrays";
    if (is_record != row.is_object() || row.is_array() == is_record) {
        return std::string("must be ") + (is_record ? "a map" : "a list") + ", since " + what;
    }
    const std::size_t count =
        is_record ? row.get_object().value_unsafe().size() : row.get_array().value_unsafe().size();
    if (wanted == 0 || count == wanted) return "";
    return "has " + std::to_string(count) + " values, but event.features has " + std::to_string(wanted) +
           " (give one for each)";
}

void check_endpoint(const Pipeline& pipeline, const std::string& pipeline_path, const Complaints& complain,
                    const Problems& problems) {
    const Endpoint& endpoint = pipeline.endpoint;
    const std::string path = pipeline_path + ".endpoint";
    check_addresses(endpoint, path, complain);
    check_tenants(endpoint, path, complain);
    check_protocol(pipeline, pipeline_path, complain, problems);
    check_headers(endpoint.shadow.address.headers, endpoint.shadow.address, path + ".shadow", complain);
    check_shadow(pipeline, path + ".shadow", complain);
    if (endpoint.rows == settings::RowShape::values && pipeline.event.features.size() != 1) {
        complain(path + ".rows", "is values, but event.features has " + std::to_string(pipeline.event.features.size()) +
                                     " (name one feature, or set rows: arrays or records)");
    }
    const protocols::Kind* const kind = protocols::find(endpoint.protocol);
    if (kind != nullptr && endpoint.max_batch_count > kind->most_rows) {
        complain(path + ".max_batch_count", std::to_string(endpoint.max_batch_count) + " is above " +
                                                std::to_string(kind->most_rows) + ", the most a request of " +
                                                endpoint.protocol + " carries (lower it, or leave it out)");
    }
    if (complain.mentions(path + ".bytes_per_token") && endpoint.max_batch_tokens == 0)
        complain(path + ".bytes_per_token", "has no effect without max_batch_tokens (set it, or remove this)");
    std::vector<Address> asked = settings::routes(endpoint).addresses;
    asked.push_back(endpoint.shadow.address);
    const auto is_secure = [](const Address& one) { return one.url.starts_with("https://"); };
    if (!endpoint.ca_file.empty() && std::ranges::none_of(asked, is_secure)) {
        complain(path + ".ca_file",
                 quote(endpoint.ca_file) + " has no effect on an http URL (use https, or remove it)");
    }
    if (pipeline.input.max_pending_bytes < endpoint.max_batch_bytes) {
        complain(pipeline_path + ".input.max_pending_bytes",
                 size_text(pipeline.input.max_pending_bytes) + " is below endpoint.max_batch_bytes " +
                     size_text(endpoint.max_batch_bytes) + ", so no batch could fill (raise it)");
    }
    const bool judged = !endpoint.control.empty() && !problems.spoils(pipeline_path + ".event.features") &&
                        !problems.spoils(path + ".rows");
    if (const std::string mistake = judged ? control_mistake(pipeline) : ""; !mistake.empty())
        complain(path + ".control", mistake);
}

}  // namespace

void fit_batches(Reading& reading) {
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        const std::string path = join("pipelines", i) + ".endpoint.";
        Endpoint& endpoint = reading.settings.pipelines[i].endpoint;
        const protocols::Kind* const kind = protocols::find(endpoint.protocol);
        if (kind == nullptr) continue;
        if (!reading.places.contains(path + "max_batch_count"))
            endpoint.max_batch_count = std::min(endpoint.max_batch_count, kind->most_rows);
        if (!reading.places.contains(path + "max_batch_tokens")) endpoint.max_batch_tokens = kind->usual_tokens;
    }
}

void check_endpoints(const Reading& reading, Problems& problems) {
    const Complaints complain{reading.places, problems};
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        const std::string path = join("pipelines", i);
        if (complain.mentions(path + ".endpoint"))
            check_endpoint(reading.settings.pipelines[i], path, complain, problems);
    }
}

}  // namespace millrace::config
