#include "bridge/codec/difference.h"

#include <utility>

#include "bridge/base/check.h"
#include "bridge/codec/lineage.h"
#include "subjects/headers.h"
#include "subjects/identity.h"

namespace millrace::codec {
namespace {

constexpr std::size_t kMaxName = 128;

subjects::SubjectTemplate checked(const std::string& text) {
    auto made = subjects::SubjectTemplate::parse(text, subjects::Use::output);
    MILLRACE_CHECK(made.has_value(), "subjects are checked when the configuration is loaded");
    return *std::move(made);
}

void add_name(std::vector<Header>& headers, std::string_view name, const std::string& value) {
    if (!value.empty()) headers.emplace_back(std::string(name), subjects::printable(value, kMaxName));
}

}  // namespace

ScoredEvent scored_event(const Delivery& delivery, const Event& event) {
    return {event.id,      delivery.tenant,        delivery.partition,         delivery.stream_sequence,
            event.element, event.settlement.score, event.settlement.deployment};
}

DifferenceRenderer::DifferenceRenderer(const settings::Pipeline& pipeline)
    : pipeline_(pipeline), destination_(checked(pipeline.endpoint.shadow.subject)) {}

Result<Difference> DifferenceRenderer::render(const ScoredEvent& event, std::string_view score,
                                              const std::string& deployment) const {
    auto subject = destination_.render(event.tenant, event.partition);
    if (!subject) return std::unexpected(std::move(subject.error()));
    if (!destination_.allows(*subject, event.tenant))
        return fail(ErrorCode::invalid, "a difference would go to a subject that is not its tenant's");
    Difference made;
    made.subject = *std::move(subject);
    Delivery delivery;
    delivery.tenant = event.tenant;
    delivery.stream_sequence = event.sequence;
    Event place;
    place.element = event.element;
    made.headers.emplace_back("Nats-Msg-Id", subjects::to_hex(event.id) + "-shadow");
    add_source(pipeline_, delivery, place, made.headers);
    made.headers.emplace_back("Millrace-Kind", "difference");
    add_name(made.headers, "Millrace-Deployment", event.deployment);
    add_name(made.headers, "Millrace-Shadow-Deployment", deployment);
    made.payload.reserve(event.score.size() + score.size() + 24);
    made.payload.append("{\"score\":").append(event.score).append(",\"shadow\":").append(score).append("}");
    return made;
}

}  // namespace millrace::codec
