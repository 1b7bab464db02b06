#include "bridge/protocols/json.h"

#include <utility>

#include "bridge/protocols/json_pointer.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {

Result<std::unique_ptr<Protocol>> make_json(const settings::Endpoint& endpoint) {
    if (auto tokens = parse_pointer(endpoint.rows_pointer); !tokens) {
        return fail(ErrorCode::invalid, "rows_pointer: " + tokens.error().text);
    }
    auto request = RequestTemplate::make(endpoint.rows_pointer, endpoint.extras);
    if (!request) return std::unexpected(request.error());
    auto tokens = parse_pointer(endpoint.results_pointer);
    if (!tokens) return fail(ErrorCode::invalid, "results_pointer: " + tokens.error().text);
    Route route;
    for (std::string& token : *tokens) route.push_back(Step{.members = {std::move(token)}});
    return std::make_unique<RowsProtocol>(std::move(*request), std::move(route), endpoint.non_finite);
}

}  // namespace millrace::protocols
