#include "bridge/shard/owned_rendering.h"

#include <string>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/base/header.h"
#include "bridge/codec/render_aggregate.h"
#include "subjects/identity.h"

namespace millrace {

namespace {

// The identity an entry is published under stands in its headers; it is made in one place only.
state::OutboxEntry entry_of(Result<codec::Rendered> rendered, std::string_view identity = "Nats-Msg-Id") {
    MILLRACE_CHECK(rendered.has_value(), rendered ? "" : rendered.error().text.c_str());
    state::OutboxEntry entry;
    entry.output = static_cast<std::uint32_t>(rendered->output);
    entry.subject = std::move(rendered->subject);
    entry.headers = std::move(rendered->headers);
    entry.payload = std::move(rendered->payload);
    const std::string* id = find_header(entry.headers, identity);
    MILLRACE_CHECK(id != nullptr, "everything published has an identity");
    entry.id = subjects::identity_from_hex(*id).value_or(Identity{});
    return entry;
}

}  // namespace

state::OutboxEntry OwnedRendering::aggregate(Partition partition, const windows::Closed& closed) const {
    return entry_of(codec::render_aggregate(pipeline_, partition, closed, max_bytes_));
}

state::OutboxEntry OwnedRendering::summary(Partition partition, const windows::Closed& closed) const {
    return entry_of(codec::render_summary(pipeline_, partition, closed, max_bytes_), codec::kSummaryIdentity);
}

state::OutboxEntry OwnedRendering::dead_letter(const Delivery& delivery, const Event& event) const {
    return entry_of(renderer_.render(delivery, event, max_bytes_));
}

state::OutboxEntry OwnedRendering::bypassed(const Delivery& delivery, const Event& event) const {
    return entry_of(renderer_.render(delivery, event, max_bytes_));
}

state::OutboxEntry OwnedRendering::late(const Delivery& delivery, const Event& event, Fate fate) const {
    const auto missed = fate == Fate::early ? codec::Missed::early : codec::Missed::late;
    return entry_of(codec::render_late(pipeline_, delivery, event, missed, max_bytes_));
}

}  // namespace millrace
