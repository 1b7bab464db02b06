#include "bridge/protocols/rows_protocol.h"

#include <utility>

#include "bridge/protocols/evidence.h"
#include "bridge/protocols/retry_after.h"
#include "bridge/protocols/status.h"

namespace millrace::protocols {
namespace {

// Why a 200 is no answer: what was expected and found, and what the body itself says where it is an error.
std::string broken(const std::string& finding, std::string_view body) {
    const auto said = error_text(body);
    return one_line(said ? finding + "; the answer says: " + *said : finding, kMaxReason);
}

}  // namespace

RowsProtocol::RowsProtocol(RequestTemplate request, Route route, settings::NonFinite policy)
    : request_(std::move(request)), route_(std::move(route)), policy_(policy) {}

Encoded RowsProtocol::encode(std::span<const std::string_view> rows) const {
    return {request_.fill(rows), {{"Content-Type", "application/json"}, {"Accept", "application/json"}}};
}

Answer RowsProtocol::decode(const Response& response, std::size_t rows) {
    Answer answer;
    answer.status = response.status;
    answer.outcome = outcome_of(response.status, response.headers);
    answer.deployment = deployment_of(response);
    answer.request_id = request_id_of(response);
    if (answer.outcome == Outcome::scored) {
        auto results = read_results(response.body, route_, rows, policy_);
        if (results) {
            answer.scores = std::move(*results);
            return answer;
        }
        answer.outcome = Outcome::contract_broken;
        answer.reason = broken(results.error().text, response.body);
    } else {
        answer.reason = refusal(response);
    }
    answer.retry_after = retry_after(response.headers, response.received_at);
    answer.body = response.body.substr(0, kMaxEvidence);
    return answer;
}

}  // namespace millrace::protocols
