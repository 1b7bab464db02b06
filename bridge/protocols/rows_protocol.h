// RowsProtocol: N rows in one request, N results in its answer, row i ↔ result i.
//
// What every protocol has in common: what a status means, the evidence an answer leaves, the wait it asks for. How rows
// become a body and a 200's body results is its Form. Thread: any; immutable.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/protocols/protocol.h"

namespace millrace::protocols {

using RowTexts = std::span<const std::string_view>;
using Results = Result<std::vector<std::string>>;

// The outcome by the table of status.h alone.
Outcome by_status(const Response& response);
// The same, but a 500 whose JSON body says why is the model's: for servers that tell of its exceptions so. A gateway in
// front of one has no such body.
Outcome by_status_and_words(const Response& response);

// The answer that a response is: by its outcome, and by what `results` finds in it where that is `scored`.
Answer read_answer(const Response& response, Outcome outcome, const std::function<Results()>& results);

struct Form {
    std::function<std::string(RowTexts rows)> body = {};  // at least one row
    // Exactly `rows` texts, each a whole JSON value; otherwise ErrorCode::invalid with one line that says what was
    // expected and what was found.
    std::function<Results(std::string_view body, std::size_t rows)> results = {};
    std::string_view content_type = "application/json";
    Outcome (*outcome)(const Response& response) = by_status;
};

class RowsProtocol : public Protocol {
  public:
    explicit RowsProtocol(Form form);

    [[nodiscard]] Encoded encode(RowTexts rows) const override;
    [[nodiscard]] Answer decode(const Response& response, std::size_t rows) override;

  private:
    Form form_;
};

}  // namespace millrace::protocols
