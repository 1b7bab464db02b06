// RawTensors: the Open Inference Protocol with its binary tensor data extension. Inputs go as raw little-endian bytes
// behind the JSON, outputs are asked for and read the same way; `Inference-Header-Content-Length` says how long the
// JSON is, both ways. An answer without it is JSON as a whole. Source: Triton's extension_binary_data.md.
//
// Immutable; any thread. Not here: values are what the datatypes hold already (Kind::carries), so nothing is converted.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/protocols/protocol.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"
#include "bridge/settings/settings.h"
#include "bridge/signature/datatype.h"

namespace millrace::protocols {

// The JSON of a request's body, which is all of it where no header says otherwise.
std::string_view json_of(std::span<const Header> headers, std::string_view body);

class RawTensors : public Protocol {
  public:
    struct Input {
        std::string name;  // a JSON string
        const signature::Datatype* datatype;
    };

    // Of rows with `features` values: as many inputs, of one value each, or one input of all. Refused, with the name of
    // a field of the endpoint: extras that set binary_data_output themselves.
    static Result<std::unique_ptr<Protocol>> make(const settings::Endpoint& endpoint, std::vector<Input> inputs,
                                                  std::size_t features);

    [[nodiscard]] Encoded encode(RowTexts rows) const override;
    [[nodiscard]] Answer decode(const Response& response, std::size_t rows) override;

  private:
    RawTensors(RequestTemplate request, std::vector<Input> inputs, std::size_t features, settings::NonFinite policy)
        : request_(std::move(request)), inputs_(std::move(inputs)), features_(features), policy_(policy) {}

    RequestTemplate request_;
    std::vector<Input> inputs_;
    std::size_t features_;
    settings::NonFinite policy_;
};

}  // namespace millrace::protocols
