// Any status, headers and body as an answer, to every registered protocol: decoding is total, `scored` means one whole
// JSON value per row, and what an endpoint says about itself is short and on one line.
#include <memory>

#include "bridge/base/check.h"
#include "bridge/codec/element_reader.h"
#include "bridge/protocols/evidence.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/registry.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

using Protocols = std::vector<std::unique_ptr<protocols::Protocol>>;

void add_readings(settings::Pipeline& pipeline, Protocols& made) {
    for (const auto policy : {settings::NonFinite::null, settings::NonFinite::string, settings::NonFinite::error}) {
        for (const std::string_view pointer : {"", "/out", "/a~1b/1"}) {
            pipeline.endpoint.non_finite = policy;
            pipeline.endpoint.results_pointer = pointer;
            if (protocols::check(pipeline)) made.push_back(protocols::make(pipeline));
        }
    }
}

// Each protocol with each form of its request, every reading of NaN, and with a pointer to the results where it takes
// one.
Protocols every_protocol() {
    Protocols made;
    settings::Pipeline pipeline;
    for (const std::string_view name : protocols::names()) {
        pipeline.endpoint.protocol = name;
        const protocols::Kind& kind = *protocols::find(name);
        pipeline.endpoint.tensors.clear();
        if (kind.takes & protocols::kTensors) pipeline.endpoint.tensors = {{"x", "FP64"}};
        pipeline.endpoint.request = kind.takes & protocols::kRequest ? R"(["{x}"])" : "";
        for (const protocols::Body& body : kind.bodies) {
            pipeline.endpoint.body = body.name;
            pipeline.event.features = {{"x", {}}};
            if (body.rows == protocols::kEvents) pipeline.event.features.clear();
            const std::size_t before = made.size();
            for (const auto rows :
                 {settings::RowShape::arrays, settings::RowShape::records, settings::RowShape::values}) {
                pipeline.endpoint.rows = rows;
                add_readings(pipeline, made);
            }
            MILLRACE_CHECK(made.size() > before, "each form of a request is fuzzed");
        }
    }
    return made;
}

// As events are read, which is by other code.
bool is_json(const std::string& text) {
    codec::WantedFields none;
    return !codec::ElementReader(none).read("{\"x\":" + text + '}');
}

bool is_one_line(std::string_view text, std::size_t most) {
    return text.size() <= most && protocols::is_utf8(text) &&
           std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const Protocols all = every_protocol();
    static constexpr int kStatus[] = {200, 200, 200, 200, 424, 500, 400, 503};
    fuzz::Tape tape(bytes, size);
    protocols::Protocol& protocol = *tape.pick(all);
    const std::size_t rows = 1 + tape.below(8);
    const std::size_t status = tape.below(256);
    std::vector<Header> headers;
    for (const char* name : {"retry-after", "date", "ms-azureml-model-error-statuscode", "azureml-model-deployment",
                             "x-request-id", "retry-after-ms"}) {
        headers.emplace_back(name, tape.text());
    }
    const std::string_view body = tape.rest();
    const Answer answer =
        protocol.decode({status < 8 ? kStatus[status] : static_cast<int>(status) + 300, headers, body, {}}, rows);

    MILLRACE_CHECK((answer.outcome == Outcome::scored) == (answer.scores.size() == rows), "one result per row");
    MILLRACE_CHECK(std::ranges::all_of(answer.scores, is_json), "a result is JSON");
    MILLRACE_CHECK(!answer.retry_after ||
                       (*answer.retry_after >= Duration::zero() && *answer.retry_after <= std::chrono::minutes(5)),
                   "a wait is clamped");
    MILLRACE_CHECK(is_one_line(answer.reason, protocols::kMaxReason), "a reason is one line");
    MILLRACE_CHECK(is_one_line(answer.deployment, protocols::kMaxName), "a deployment is one line");
    MILLRACE_CHECK(is_one_line(answer.request_id, protocols::kMaxName), "a request id is one line");
    MILLRACE_CHECK(answer.body.size() <= protocols::kMaxEvidence, "evidence is capped");
    MILLRACE_CHECK((answer.outcome == Outcome::scored) == answer.reason.empty(), "what is not scored has a reason");
    return 0;
}
