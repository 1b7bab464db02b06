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

Outcome by_status(const Response& response) { return outcome_of(response.status, response.headers); }

Outcome by_status_and_words(const Response& response) {
    if (response.status == 500 && error_text(response.body)) return Outcome::model_raised;
    return by_status(response);
}

Answer read_answer(const Response& response, Outcome outcome, const std::function<Results()>& results) {
    Answer answer;
    answer.status = response.status;
    answer.outcome = outcome;
    answer.deployment = deployment_of(response);
    answer.request_id = request_id_of(response);
    if (answer.outcome == Outcome::scored) {
        auto found = results();
        if (found) {
            answer.scores = std::move(*found);
            return answer;
        }
        answer.outcome = Outcome::contract_broken;
        answer.reason = broken(found.error().text, response.body);
    } else {
        answer.reason = refusal(response);
    }
    answer.retry_after = retry_after(response.headers, response.received_at);
    answer.body = response.body.substr(0, kMaxEvidence);
    return answer;
}

RowsProtocol::RowsProtocol(Form form) : form_(std::move(form)) {}

Encoded RowsProtocol::encode(RowTexts rows) const {
    const std::string type(form_.content_type);
    return {form_.body(rows), {{"Content-Type", type}, {"Accept", type}}};
}

Answer RowsProtocol::decode(const Response& response, std::size_t rows) {
    return read_answer(response, form_.outcome(response), [&] { return form_.results(response.body, rows); });
}

}  // namespace millrace::protocols
