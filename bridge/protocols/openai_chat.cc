#include "bridge/protocols/openai_chat.h"

#include <array>
#include <string>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/json_pointer.h"
#include "bridge/protocols/openai.h"
#include "bridge/protocols/rows_protocol.h"
#include "bridge/protocols/text_template.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {Body{"", kArrays, true}};

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body&) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    if (endpoint.request.empty()) {
        return fail(
            ErrorCode::invalid,
            "request: is required (write for example {model: NAME, messages: [{role: user, content: '{text}'}]})");
    }
    auto request = TextTemplate::make(endpoint.request, pipeline.event.features);
    if (!request) return fail(ErrorCode::invalid, "request: " + request.error().text);
    auto tokens = parse_pointer(endpoint.results_pointer.empty() ? "/choices/0/message" : endpoint.results_pointer);
    if (!tokens) return fail(ErrorCode::invalid, "results_pointer: " + tokens.error().text);
    Route route;
    for (std::string& token : *tokens) route.push_back(Step{.members = {std::move(token)}});
    route.back().whole_below = true;
    return std::make_unique<RowsProtocol>(Form{
        .body = [request = std::move(*request)](RowTexts rows) { return request.fill(rows.front()); },
        .results = results_at(std::move(route), endpoint.non_finite),
        .outcome = openai_outcome,
    });
}

}  // namespace

constinit const Kind kOpenaiChat = {
    .name = "openai_chat", .bodies = kBodies, .takes = kRequest | kResultsPointer, .make = make, .most_rows = 1};

}  // namespace millrace::protocols
