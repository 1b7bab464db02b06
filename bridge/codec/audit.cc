#include "bridge/codec/audit.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "bridge/base/check.h"
#include "bridge/base/text.h"
#include "bridge/codec/fit.h"
#include "bridge/codec/timestamp.h"
#include "subjects/headers.h"
#include "subjects/identity.h"

namespace millrace::codec {
namespace {

// A JSON object or list that grows; the commas are its own.
void next(std::string& out) {
    if (out.back() != '{' && out.back() != '[') out += ',';
}
void key(std::string& out, std::string_view name) {
    next(out);
    append_quoted(out, name);
    out += ':';
}
void add(std::string& out, std::string_view name, std::string_view text) {
    key(out, name);
    append_quoted(out, text);
}
void add(std::string& out, std::string_view name, std::uint64_t number) {
    key(out, name);
    out += std::to_string(number);
}

// What came of some of a tenant's events, as lists.
struct Settled {
    std::string sequences = "[", elements = "[", attempts = "[", results = "[";

    void add(const Delivery& delivery, const Event& event) {
        for (auto* list : {&sequences, &elements, &attempts, &results}) next(*list);
        sequences += std::to_string(delivery.stream_sequence);
        elements += std::to_string(event.element);
        attempts += std::to_string(event.settlement.attempts);
        append_quoted(results, subjects::to_hex(event.id));
    }
};

// Tenant, subject, reason.
using Kind = std::tuple<std::string, std::string, std::string>;

std::string text_of(const Kind& kind, const Settled& settled) {
    const auto& [tenant, subject, reason] = kind;
    std::string out = "{";
    add(out, "tenant", tenant);
    add(out, "subject", subject);
    add(out, "ending", kEndingNames[static_cast<std::size_t>(reason.empty() ? Ending::scored : Ending::dead)]);
    if (!reason.empty()) add(out, "reason", reason);
    out += ",\"sequences\":" + settled.sequences + "],\"elements\":" + settled.elements +
           "],\"attempts\":" + settled.attempts + "],\"results\":" + settled.results + "]}";
    return out;
}

}  // namespace

Result<Rendered> AuditRenderer::render(const AuditedRequest& request, ServerTime now, std::size_t max_bytes) const {
    MILLRACE_CHECK(!request.events.empty(), "a request settles something");
    std::map<Kind, Settled> settled;
    for (const auto& [delivery, event] : request.events) {
        auto subject = renderer_.subject_of(*delivery, *event);
        if (!subject) return std::unexpected(std::move(subject.error()));
        const auto& verdict = event->settlement.verdict;
        settled[{delivery->tenant, *std::move(subject), std::string(verdict ? name(verdict->reason) : "")}].add(
            *delivery, *event);
    }
    const auto by_sequence = [](const auto& one) { return one.first->stream_sequence; };
    const auto [first, last] = std::ranges::minmax(request.events, {}, by_sequence);
    const Settlement& told = request.events.front().second->settlement;

    std::string body = "{";
    add(body, "event", "request");
    add(body, "pipeline", pipeline_.name);
    add(body, "generation", pipeline_.generation);
    add(body, "partition", first.first->partition);
    add(body, "stream", pipeline_.input.stream);
    add(body, "first_sequence", by_sequence(first));
    add(body, "last_sequence", by_sequence(last));
    add(body, "count", request.events.size());
    add(body, "request_id", request.name);
    const std::string& url = routes_.addresses[told.address].url;
    add(body, "address", url.substr(0, url.find('?')));  // a key may stand behind it
    if (!told.deployment.empty()) add(body, "deployment", subjects::printable(told.deployment, 128));
    add(body, "status", static_cast<std::uint64_t>(std::max(told.status, 0)));
    add(body, "at", rfc3339(now));
    key(body, "settled");
    body += '[';
    for (const auto& [kind, lists] : settled) {
        next(body);
        body += text_of(kind, lists);
    }
    body += "]}";

    Rendered made{Output::audit,
                  pipeline_.audit.subject,
                  {{"Nats-Msg-Id", request.name + "." + std::to_string(request.number)},
                   {"Millrace-Kind", std::string(kAuditKind)},
                   {"Millrace-Pipeline", pipeline_.name},
                   {"Millrace-Request-Id", request.name}},
                  std::move(body)};
    const auto trouble = misfit(made.headers, made.payload.size(), max_bytes);
    if (!trouble.empty()) return fail(ErrorCode::too_large, "audit message: " + trouble);
    return made;
}

}  // namespace millrace::codec
