// What joins the fields of a shadow endpoint with each other and with the endpoint's.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "bridge/config/complaint.h"
#include "bridge/protocols/contract.h"
#include "bridge/protocols/registry.h"

namespace millrace::config {
namespace {

using settings::Pipeline;

// With `protocol` they are the shadow's own.
constexpr std::array<std::string_view, 6> kOfProtocol = {"body",    "rows_pointer", "results_pointer",
                                                         "tensors", "request",      "extras"};

void check_protocol(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    const settings::Shadow& shadow = pipeline.endpoint.shadow;
    if (shadow.protocol.empty()) {
        for (const std::string_view field : kOfProtocol) {
            const std::string where = path + "." + std::string(field);
            if (complain.mentions(where))
                complain(where, "has no effect without shadow.protocol, since it is the endpoint's then (add it)");
        }
        return;
    }
    const Pipeline as_asked = settings::with_shadow_as_endpoint(pipeline);
    if (const auto good = protocols::check(as_asked); !good) {
        const std::string& text = good.error().text;
        const std::size_t colon = text.find(": ");
        const std::string field = text.substr(0, colon);
        const bool is_own = std::ranges::find(kOfProtocol, field) != kOfProtocol.end();
        return is_own ? complain(path + "." + field, text.substr(colon + 2)) : complain(path + ".protocol", text);
    }
    if (!protocols::carried(as_asked).empty()) {
        return complain(
            path + ".body",
            "carries values of a datatype each, and rows are made for the endpoint's own form (use one that "
            "is all JSON, or leave out shadow.protocol so that both are asked alike)");
    }
    const std::uint32_t most = protocols::find(shadow.protocol)->most_rows;
    if (pipeline.endpoint.max_batch_count > most) {
        complain(path + ".protocol",
                 shadow.protocol + " takes " + std::to_string(most) + " rows in a request, but batches have up to " +
                     std::to_string(pipeline.endpoint.max_batch_count) + " events (lower endpoint.max_batch_count)");
    }
}

}  // namespace

void check_shadow(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    for (const char* const field :
         {".url", ".protocol", ".body", ".rows_pointer", ".results_pointer", ".tensors", ".request", ".extras"}) {
        if (complain.problems.spoils(path + field)) return;
    }
    if (!settings::has_shadow(pipeline)) return;
    if (pipeline.endpoint.shadow.percent == 0)
        complain(path + ".percent", "is 0, so nothing is ever copied (raise it, or remove shadow)");
    check_protocol(pipeline, path, complain);
}

}  // namespace millrace::config
