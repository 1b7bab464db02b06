#include "bridge/protocols/json.h"

#include <array>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/json_pointer.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {Body{}};

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body&) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    if (auto tokens = parse_pointer(endpoint.rows_pointer); !tokens) {
        return fail(ErrorCode::invalid, "rows_pointer: " + tokens.error().text);
    }
    auto request = RequestTemplate::make(endpoint.rows_pointer, endpoint.extras);
    if (!request) return std::unexpected(request.error());
    auto tokens = parse_pointer(endpoint.results_pointer);
    if (!tokens) return fail(ErrorCode::invalid, "results_pointer: " + tokens.error().text);
    Route route;
    for (std::string& token : *tokens) route.push_back(Step{.members = {std::move(token)}});
    return std::make_unique<RowsProtocol>(Form{
        .body = [request = std::move(*request)](RowTexts rows) { return request.fill(rows); },
        .results = results_at(std::move(route), endpoint.non_finite),
    });
}

}  // namespace

constinit const Kind kJson = {
    .name = "json", .bodies = kBodies, .takes = kExtras | kRowsPointer | kResultsPointer, .make = make};

}  // namespace millrace::protocols
