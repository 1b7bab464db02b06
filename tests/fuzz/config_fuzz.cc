// Any bytes as a configuration: it loads, or each problem has a text of one line and a place in the file. What loads
// can be run: every part of a pipeline can be made from it.
#include <algorithm>

#include "bridge/base/check.h"
#include "bridge/codec/event_decoder.h"
#include "bridge/codec/render.h"
#include "bridge/config/loader.h"
#include "bridge/engine/engine.h"
#include "bridge/protocols/registry.h"
#include "bridge/settings/fingerprint.h"
#include "bridge/shard/owned_rendering.h"
#include "bridge/windows/operands.h"
#include "bridge/windows/windows.h"
#include "subjects/subject_template.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

void check_problem(const config::Problem& problem, std::string_view yaml) {
    const auto lines = std::ranges::count(yaml, '\n') + 1;
    MILLRACE_CHECK(!problem.text.empty(), "a problem says what it is");
    MILLRACE_CHECK(problem.line >= 0 && problem.line <= lines + 1 && problem.column >= 0, "a problem has a place");
    for (const char c : config::format(problem)) MILLRACE_CHECK(c != '\n' && c != '\r' && c != '\0', "on one line");
}

// The constructors check what they need.
void make_parts(const settings::Pipeline& pipeline) {
    if (settings::has_endpoint(pipeline)) {
        MILLRACE_CHECK(protocols::check(pipeline), "the protocol can be made");
        const auto protocol = protocols::make(pipeline);
    }
    const windows::Windows windows(pipeline.aggregates);
    for (const Aggregate& aggregate : pipeline.aggregates) {
        MILLRACE_CHECK(subjects::SubjectTemplate::parse(aggregate.subject, subjects::Use::output), "its subject");
        for (const Condition& each : aggregate.having)
            MILLRACE_CHECK(each.select < aggregate.select.size(), "a condition is on a select");
    }
    codec::EventDecoder decoder(pipeline);
    const codec::Renderer renderer(pipeline);
    codec::ScoreReader scores(pipeline);
    const OwnedRendering rendering(pipeline, renderer, scores);
    const engine::Engine engine(pipeline, {0}, 1, {&rendering, settings::fingerprint(pipeline)});
    Delivery delivery;
    delivery.payload = Payload(std::string("{}"));
    decoder.decode(delivery);
    MILLRACE_CHECK(delivery.events.size() == 1, "an empty object is one event");
    const Event& event = delivery.events.front();
    MILLRACE_CHECK(event.fault || event.values.size() == windows::operands(pipeline.aggregates).size(),
                   "an event has what windows want");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view yaml(reinterpret_cast<const char*>(bytes), size);
    const auto loaded = config::load("f.yaml", yaml);
    if (loaded) {
        for (const auto& pipeline : loaded->pipelines) make_parts(pipeline);
        return 0;
    }
    MILLRACE_CHECK(!loaded.error().empty(), "what does not load has a problem");
    for (const auto& problem : loaded.error()) check_problem(problem, yaml);
    return 0;
}
