#include "bridge/codec/lineage.h"

#include <array>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include "bridge/codec/timestamp.h"
#include "subjects/headers.h"
#include "subjects/identity.h"

namespace millrace::codec {
namespace {

constexpr std::size_t kMaxId = 128;  // bytes of a request id or deployment name

void add(std::vector<Header>& headers, std::string_view name, std::string value) {
    headers.emplace_back(std::string(name), std::move(value));
}

void add_unless_empty(std::vector<Header>& headers, std::string_view name, std::string_view value, std::size_t limit) {
    if (!value.empty()) add(headers, name, subjects::printable(value, limit));
}

std::string text_of(std::uint64_t number) {
    std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

}  // namespace

std::size_t wire_size(const Header& header) {
    return header.first.size() + header.second.size() + std::string_view(": \r\n").size();
}

std::size_t wire_size(const std::vector<Header>& headers) {
    auto size = std::string_view("NATS/1.0\r\n\r\n").size();
    for (const auto& header : headers) size += wire_size(header);
    return size;
}

void add_source(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                std::vector<Header>& headers) {
    add(headers, "Millrace-Pipeline", pipeline.name);
    if (!delivery.tenant.empty()) add(headers, "Millrace-Tenant", delivery.tenant);
    add(headers, "Millrace-Input-Stream", pipeline.input.stream);
    add(headers, "Millrace-Input-Sequence", text_of(delivery.stream_sequence));
    add(headers, "Millrace-Element", text_of(event.element));
}

void add_lineage(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                 std::vector<Header>& headers) {
    const auto& settlement = event.settlement;
    add(headers, "Nats-Msg-Id", subjects::to_hex(event.id));
    add_source(pipeline, delivery, event, headers);
    add_unless_empty(headers, "Millrace-Deployment", settlement.deployment, kMaxId);
    add_unless_empty(headers, "Millrace-Request-Id", settlement.request_id, kMaxId);
    add(headers, "Millrace-Attempt", text_of(settlement.attempts));
    if (settlement.audited > 0) add(headers, "Millrace-Audit-Sequence", text_of(settlement.audited));
}

void add_evidence(const Delivery& delivery, const Verdict& verdict, std::vector<Header>& headers) {
    add(headers, "Millrace-Reason", std::string(name(verdict.reason)));
    add_unless_empty(headers, "Millrace-Detail", verdict.detail, 512);
    if (verdict.status > 0) add(headers, "Millrace-Status", text_of(static_cast<std::uint64_t>(verdict.status)));
    add_unless_empty(headers, "Millrace-Subject", delivery.subject, 512);
    add(headers, "Millrace-Stored-At", rfc3339(delivery.stored_at));
}

void add_answer(const Verdict& verdict, std::vector<Header>& headers) {
    add_unless_empty(headers, "Millrace-Answer", verdict.body, kMaxAnswerEvidence);
}

void add_missed(const Delivery& delivery, const Event& event, Missed missed, std::vector<Header>& headers) {
    add(headers, "Millrace-Kind", "late");
    add(headers, "Millrace-Reason", missed == Missed::late ? "late" : "early");
    add(headers, "Millrace-Event-Time", rfc3339(event.at.value_or(delivery.stored_at)));
    add_unless_empty(headers, "Millrace-Subject", delivery.subject, 512);
    add(headers, "Millrace-Stored-At", rfc3339(delivery.stored_at));
}

void add_bypassed(std::vector<Header>& headers) { add(headers, "Millrace-Kind", "bypassed"); }

void add_passed_on(const Delivery& delivery, std::vector<Header>& headers) {
    for (const auto& header : delivery.headers) {
        if (subjects::is_passed_on(header.first) && subjects::is_safe_header(header)) headers.push_back(header);
    }
}

void add_origin(const Delivery& delivery, std::vector<Header>& headers) {
    for (const auto& header : delivery.headers) {
        if (subjects::is_passed_on(header.first) || !subjects::is_safe_header(header)) continue;
        add(headers, "Millrace-Origin-" + header.first, header.second);
    }
}

}  // namespace millrace::codec
