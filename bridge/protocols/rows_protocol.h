// RowsProtocol: N rows as one JSON array in the request, N results as one JSON array in the answer, row i ↔ result i.
//
// What azureml and json have in common; they differ in where the two arrays stand. Thread: any; immutable.
#pragma once

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/protocol.h"
#include "bridge/protocols/request_template.h"

namespace millrace::protocols {

class RowsProtocol : public Protocol {
  public:
    RowsProtocol(RequestTemplate request, Route route, settings::NonFinite policy);

    [[nodiscard]] Encoded encode(std::span<const std::string_view> rows) const override;
    [[nodiscard]] Answer decode(const Response& response, std::size_t rows) override;

  private:
    RequestTemplate request_;
    Route route_;
    settings::NonFinite policy_;
};

}  // namespace millrace::protocols
