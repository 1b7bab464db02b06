#include "bridge/protocols/raw_tensors.h"

#include <charconv>
#include <system_error>

#include "bridge/base/check.h"
#include "bridge/base/header.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/raw_element.h"
#include "bridge/protocols/tensors.h"

namespace millrace::protocols {
namespace {

constexpr std::string_view kContentType = "application/octet-stream";
constexpr std::string_view kLengthHeader = "Inference-Header-Content-Length";
constexpr std::string_view kLengthHeaderRead = "inference-header-content-length";  // as answers have it

// How many bytes of the body are its JSON.
Result<std::size_t> json_length(const Response& response) {
    const std::string_view said = header_or_empty(response.headers, kLengthHeaderRead);
    if (said.empty()) return response.body.size();
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(said.data(), said.data() + said.size(), length);
    if (error != std::errc() || end != said.data() + said.size())
        return fail(ErrorCode::invalid, "the header " + std::string(kLengthHeader) + " is no number");
    if (length <= response.body.size()) return length;
    return fail(ErrorCode::invalid, "the body has " + std::to_string(response.body.size()) +
                                        " bytes, its JSON alone is said to have " + std::to_string(length));
}

}  // namespace

std::string_view json_of(std::span<const Header> headers, std::string_view body) {
    const std::string_view said = header_or_empty(headers, kLengthHeader);
    std::size_t length = body.size();
    std::from_chars(said.data(), said.data() + said.size(), length);
    return body.substr(0, length);
}

Result<std::unique_ptr<Protocol>> RawTensors::make(const settings::Endpoint& endpoint, std::vector<Input> inputs,
                                                   std::size_t features) {
    const auto good = RequestTemplate::make("/inputs", endpoint.extras);
    if (!good) return std::unexpected(good.error());
    const auto asking = RequestTemplate::make("/parameters/binary_data_output", endpoint.extras);
    if (!asking) {
        return fail(ErrorCode::invalid,
                    "extras: binary_data_output is set by the body already, in parameters, which have to be an object "
                    "(remove it)");
    }
    auto request = RequestTemplate::make("/inputs", asking->put("true"));
    if (!request) return std::unexpected(request.error());
    return std::unique_ptr<Protocol>(
        new RawTensors(std::move(*request), std::move(inputs), features, endpoint.non_finite));
}

Encoded RawTensors::encode(RowTexts rows) const {
    const std::size_t width = features_ / inputs_.size();
    std::vector<std::string> bytes(inputs_.size());
    for (const std::string_view row : rows) {
        JsonReader reader(row);
        reader.enter();
        std::size_t at = 0;
        for (; reader.more(); ++at) {
            MILLRACE_CHECK(at < features_, "a row has one value per feature");
            append_element(bytes[at / width], reader.skip(), *inputs_[at / width].datatype);
        }
        MILLRACE_CHECK(at == features_ && reader.finish(), "a row is an array with one value per feature");
    }
    std::string list = "[";
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        const auto& [name, datatype] = inputs_[i];
        list += raw_tensor(name, datatype->name, rows.size(), width, bytes[i].size()) + ',';
    }
    list.back() = ']';
    std::string body = request_.put(list);
    const std::string length = std::to_string(body.size());
    for (const std::string& each : bytes) body += each;
    return {std::move(body),
            {{"Content-Type", std::string(kContentType)},
             {"Accept", std::string(kContentType) + ", application/json"},
             {std::string(kLengthHeader), length}}};
}

Answer RawTensors::decode(const Response& response, std::size_t rows) {
    return read_answer(response, by_status_and_words(response), [&]() -> Results {
        const auto length = json_length(response);
        if (!length) return std::unexpected(length.error());
        return read_tensors(response.body.substr(0, *length), response.body.substr(*length), rows, policy_);
    });
}

}  // namespace millrace::protocols
