// Any answer with tensors as raw bytes behind its JSON: decoding is total, and what is scored is one whole JSON value
// per row. And any bytes as elements: what can be read can be written again, as the same bytes.
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/codec/element_reader.h"
#include "bridge/protocols/raw_element.h"
#include "bridge/protocols/registry.h"
#include "bridge/signature/fit.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using settings::NonFinite;

namespace {

constexpr std::array kPolicies = {NonFinite::null, NonFinite::string, NonFinite::error};

std::unique_ptr<protocols::Protocol> reading(NonFinite policy) {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"x", {}}};
    pipeline.endpoint.protocol = "open_inference";
    pipeline.endpoint.body = "binary_matrix";
    pipeline.endpoint.tensors = {{"x", "FP64"}};
    pipeline.endpoint.non_finite = policy;
    return protocols::make(pipeline);
}

bool is_json(const std::string& text) {
    codec::WantedFields none;
    return !codec::ElementReader(none).read("{\"x\":" + text + '}');
}

void there_and_back(const signature::Datatype& datatype, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view before = bytes;
        std::string json;
        if (!protocols::take_element(json, bytes, datatype, NonFinite::error)) return;
        MILLRACE_CHECK(is_json(json), "an element is JSON");
        std::string fitted;
        MILLRACE_CHECK(signature::append_fitted(fitted, json, datatype.type) && fitted == json, "it fits its datatype");
        std::string again;
        protocols::append_element(again, json, datatype);
        MILLRACE_CHECK(again == before.substr(0, before.size() - bytes.size()), "an element comes back as it was");
    }
}

}  // namespace

// A byte each for rows, policy and a datatype, the length of the JSON up to a line feed (none: all of the next line),
// the JSON up to a line feed, and what stands behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const std::array kReadings = {reading(kPolicies[0]), reading(kPolicies[1]), reading(kPolicies[2])};
    fuzz::Tape tape(bytes, size);
    const std::size_t rows = 1 + tape.below(8);
    protocols::Protocol& protocol = *tape.pick(kReadings);
    const signature::Datatype& datatype = tape.pick(signature::kDatatypes);
    std::string length(tape.line());
    std::string body(tape.line());
    const std::string_view raw = tape.rest();
    if (length.empty()) length = std::to_string(body.size());
    body += raw;
    const std::vector<Header> headers = {{"inference-header-content-length", length}};
    const Answer answer = protocol.decode({200, headers, body, {}}, rows);
    MILLRACE_CHECK((answer.outcome == Outcome::scored) == (answer.scores.size() == rows), "one result per row");
    MILLRACE_CHECK(answer.outcome == Outcome::scored || answer.outcome == Outcome::contract_broken,
                   "or the contract broke");
    for (const std::string& score : answer.scores) MILLRACE_CHECK(is_json(score), "a result is JSON");
    there_and_back(datatype, raw);
    return 0;
}
