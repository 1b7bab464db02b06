#include "bridge/codec/render.h"

#include <array>
#include <string_view>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/codec/copy.h"
#include "bridge/codec/fit.h"
#include "bridge/codec/json_text.h"
#include "bridge/codec/lineage.h"
#include "bridge/settings/outputs.h"

namespace millrace::codec {
namespace {

subjects::SubjectTemplate parsed(const std::string& text) {
    auto made = subjects::SubjectTemplate::parse(text, subjects::Use::output);
    MILLRACE_CHECK(made.has_value(), text.c_str());
    return *std::move(made);
}

// One that went past the model says so where a score would stand.
std::string result_body(const Event& event) {
    constexpr std::string_view kNotScored = R"(null,"bypassed":true)";
    const bool scored = event.selection == Selection::selected;
    const std::string_view score = scored ? std::string_view(event.settlement.score) : kNotScored;
    std::string body;
    body.reserve(score.size() + event.included.size() + 12);
    body = "{\"score\":";
    body += score;
    if (!event.included.empty()) {
        body += ',';
        body += event.included;
    }
    return body += '}';
}

// What a dead letter can do without, in the order in which it goes.
enum class Shed { nothing, answer, publisher_headers, payload };

std::vector<Header> dead_letter_headers(const settings::Pipeline& pipeline, const Delivery& delivery,
                                        const Event& event, const Verdict& verdict, Shed shed) {
    std::vector<Header> headers;
    headers.reserve(16 + delivery.headers.size());
    add_lineage(pipeline, delivery, event, headers);
    add_evidence(delivery, verdict, headers);
    if (shed < Shed::answer) add_answer(verdict, headers);
    if (shed < Shed::publisher_headers) {
        add_passed_on(delivery, headers);
        add_origin(delivery, headers);
    }
    return headers;
}

// Headers and payload of the fullest dead letter that fits.
Result<Rendered> dead_letter(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                             const Verdict& verdict, std::size_t max_bytes) {
    Rendered made;
    std::string trouble;
    for (const auto shed : {Shed::nothing, Shed::answer, Shed::publisher_headers, Shed::payload}) {
        made.headers = dead_letter_headers(pipeline, delivery, event, verdict, shed);
        if (shed == Shed::payload) made.payload = stand_in(pipeline.input.stream, delivery, event);
        trouble = misfit(made.headers, shed == Shed::payload ? made.payload.size() : event.text.size(), max_bytes);
        if (!trouble.empty()) continue;
        if (shed != Shed::payload) made.payload = event.text;
        return made;
    }
    return fail(ErrorCode::too_large, "dead letter: " + trouble + ", with nothing left to shed");
}

Result<Rendered> result(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                        std::size_t max_bytes) {
    const bool scored = event.selection == Selection::selected;
    MILLRACE_CHECK(!scored || !event.settlement.score.empty(), "a result has a score");
    Rendered made;
    made.headers.reserve(11 + delivery.headers.size());
    add_lineage(pipeline, delivery, event, made.headers);
    if (!scored) add_bypassed(made.headers);
    if (pipeline.ordered) add_order(pipeline, delivery, made.headers);
    add_passed_on(delivery, made.headers);
    made.payload = result_body(event);
    auto trouble = misfit(made.headers, made.payload.size(), max_bytes);
    if (!trouble.empty()) return fail(ErrorCode::too_large, "result: " + trouble);
    return made;
}

Result<Rendered> bypass_copy(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                             std::size_t max_bytes) {
    Rendered made;
    add_lineage(pipeline, delivery, event, made.headers);
    add_bypassed(made.headers);
    return with_copy(std::move(made), "bypassed event", pipeline, delivery, event, max_bytes);
}

// Decoding's fault stands where the engine gave no verdict of its own.
const Verdict* verdict_of(const Event& event) {
    if (event.settlement.verdict) return &*event.settlement.verdict;
    return event.fault ? &*event.fault : nullptr;
}

Output output_of(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event) {
    const auto ending = verdict_of(event) != nullptr ? Ending::dead : ending_of(event);
    MILLRACE_CHECK(ending != Ending::filtered, "nothing tells of an event that is filtered out");
    return settings::output_of(pipeline, delivery, ending);
}

}  // namespace

Renderer::Renderer(const settings::Pipeline& pipeline) : pipeline_(pipeline) {
    for (const settings::OutputRow& row : settings::outputs(pipeline)) {
        if (index(row.output) < kEventOutputs) destinations_[index(row.output)] = parsed(row.subject);
    }
}

Result<std::string> Renderer::subject_for(Output output, const Delivery& delivery) const {
    const auto& destination = destinations_[index(output)];
    auto subject = destination.render(delivery.tenant, delivery.partition);
    if (!subject) return subject;
    // The template made it, so this cannot fail; it is here because a wrong subject shows one tenant's event to
    // another.
    if (!destination.allows(*subject, delivery.tenant)) {
        return fail(ErrorCode::invalid, "subject " + quoted(*subject) + " is none that " + quoted(destination.text()) +
                                            " makes for tenant " + quoted(delivery.tenant));
    }
    return subject;
}

Result<std::string> Renderer::subject_of(const Delivery& delivery, const Event& event) const {
    return subject_for(output_of(pipeline_, delivery, event), delivery);
}

std::string Renderer::result_subject(Partition partition, const std::string& tenant) const {
    auto subject = destinations_[index(Output::result)].render(tenant, partition);
    MILLRACE_CHECK(subject.has_value(), "results of a tenant have a subject");
    return *std::move(subject);
}

Result<Rendered> Renderer::render_batch(const std::vector<InBatch>& events, std::size_t max_bytes) const {
    const Delivery& delivery = *events.front().first;
    auto subject = subject_for(Output::result, delivery);
    if (!subject) return std::unexpected(std::move(subject.error()));
    std::vector<std::string> results;
    results.reserve(events.size());
    for (const auto& [from, event] : events) {
        MILLRACE_CHECK(from->tenant == delivery.tenant && from->partition == delivery.partition,
                       "a batch is of one tenant and partition");
        results.push_back(result_body(*event));
    }
    Rendered made{Output::result, *std::move(subject), batch_headers(pipeline_, events), batch_body(events, results)};
    auto trouble = misfit(made.headers, made.payload.size(), max_bytes);
    if (!trouble.empty()) return fail(ErrorCode::too_large, "results: " + trouble);
    return made;
}

Result<Rendered> Renderer::render(const Delivery& delivery, const Event& event, std::size_t max_bytes) const {
    const auto* verdict = verdict_of(event);
    const auto output = output_of(pipeline_, delivery, event);
    auto subject = subject_for(output, delivery);
    if (!subject) return std::unexpected(std::move(subject.error()));
    auto made = verdict != nullptr         ? dead_letter(pipeline_, delivery, event, *verdict, max_bytes)
                : output == Output::bypass ? bypass_copy(pipeline_, delivery, event, max_bytes)
                                           : result(pipeline_, delivery, event, max_bytes);
    if (!made) return made;
    made->output = output;
    made->subject = *std::move(subject);
    return made;
}

}  // namespace millrace::codec
