#include "bridge/protocols/cloudevents.h"

#include <array>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

constexpr std::array kBodies = {Body{"", kEvents}};

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body&) {
    const auto request = RequestTemplate::make("", "");
    if (!request) return std::unexpected(request.error());
    return std::make_unique<RowsProtocol>(Form{
        .body = [request = *request](RowTexts rows) { return request.fill(rows); },
        .results = results_at({}, pipeline.endpoint.non_finite),
        .content_type = "application/cloudevents-batch+json",
    });
}

}  // namespace

constinit const Kind kCloudevents = {.name = "cloudevents", .bodies = kBodies, .make = make};

}  // namespace millrace::protocols
