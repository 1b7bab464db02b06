#include "bridge/app/trace_report.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "auth/json.h"
#include "bridge/base/header.h"
#include "bridge/base/text.h"
#include "bridge/codec/audit.h"
#include "bridge/codec/result_batch.h"
#include "bridge/codec/timestamp.h"
#include "subjects/headers.h"

namespace millrace::app {
namespace {

constexpr std::size_t kMostJson = 64u << 20;

// What the request said of itself to the one event; shown in this order.
constexpr std::string_view kSaid[][2] = {
    {"Millrace-Request-Id", "request"},  {"Millrace-Attempt", "attempt"},   {"Millrace-Deployment", "deployment"},
    {"Millrace-Reason", "reason"},       {"Millrace-Detail", "detail"},     {"Millrace-Status", "status"},
    {"Millrace-Aggregate", "aggregate"}, {"Millrace-Window-Start", "from"}, {"Millrace-Window-End", "to"},
};

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::uint64_t number(const auth::Json* json) {
    const double* const value = json == nullptr ? nullptr : json->number();
    return value == nullptr || *value < 0 || *value > 9e15 ? 0 : static_cast<std::uint64_t>(*value);
}

std::string text_in(const auth::Json& json, std::string_view key) {
    const std::string* const found = json.text(key);
    return found == nullptr ? std::string() : subjects::printable(*found);
}

std::string kind_of(std::span<const Header> headers) {
    const std::string_view kind = header_or_empty(headers, "Millrace-Kind");
    if (!kind.empty()) return subjects::printable(kind);
    return find_header(headers, "Millrace-Reason") != nullptr ? "dead letter" : "result";
}

// Of an aggregate: between which messages its events lie.
void add_range(const StreamMessage& message, Origin& out) {
    const auto body = auth::parse_json(message.payload, kMostJson);
    if (!body) return;
    out.first_sequence = number(body->find("first_sequence"));
    out.last_sequence = number(body->find("last_sequence"));
}

std::string range(std::uint64_t first, std::uint64_t last) {
    return std::to_string(first) + (first == last ? "" : " to " + std::to_string(last));
}

std::string place(const Traced& traced) { return traced.stream + ":" + std::to_string(traced.message.sequence); }

std::string whole_line(const Traced& traced) {
    return place(traced) + "  " + subjects::printable(traced.message.subject) + "  " +
           codec::rfc3339_brief(traced.message.stored_at);
}

void line(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(name).append(std::max<std::size_t>(12, name.size() + 1) - name.size(), ' ').append(value).append("\n");
}

std::string list(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

std::string json(const Traced& traced) {
    std::string out = "{\"stream\":";
    append_quoted(out, traced.stream);
    out += ",\"sequence\":" + std::to_string(traced.message.sequence) + ",\"subject\":";
    append_quoted(out, subjects::printable(traced.message.subject));
    out += ",\"stored_at\":";
    append_quoted(out, codec::rfc3339(traced.message.stored_at));
    return out + "}";
}

}  // namespace

Result<Origin> origin_of(const StreamMessage& message) {
    const auto said = [&](std::string_view name) { return header_or_empty(message.headers, name); };
    Origin out{subjects::printable(said("Millrace-Pipeline")),
               subjects::printable(said("Millrace-Tenant")),
               kind_of(message.headers),
               std::string(said("Millrace-Input-Stream")),
               0,
               0,
               {},
               {}};
    if (out.pipeline.empty() || out.kind == codec::kAuditKind)
        return fail(ErrorCode::invalid,
                    "is no result of Millrace (it has no " +
                        std::string(out.pipeline.empty() ? "Millrace-Pipeline" : "event of its own") + ")");
    if (const auto run = codec::batch_in(message.headers)) {
        out.first_sequence = run->first.sequence;
        out.last_sequence = run->last.sequence;
        out.audited = codec::audited_in(message.payload);
        return out;
    }
    if (find_header(message.headers, "Millrace-Aggregate") != nullptr) {
        add_range(message, out);
        return out;
    }
    out.first_sequence = out.last_sequence = number(said("Millrace-Input-Sequence"));
    if (out.first_sequence == 0 || out.input_stream.empty())
        return fail(ErrorCode::invalid, "does not say which event it is of (it has no Millrace-Input-Sequence)");
    out.element = subjects::printable(said("Millrace-Element"));
    if (const std::uint64_t audited = number(said("Millrace-Audit-Sequence")); audited > 0) out.audited = {audited};
    return out;
}

Result<Request> request_in(const StreamMessage& message) {
    const auto body = auth::parse_json(message.payload, kMostJson);
    const auth::Json* const settled = body ? body->find("settled") : nullptr;
    if (settled == nullptr || settled->list() == nullptr) return fail(ErrorCode::invalid, "is no audit message");
    Request out{text_in(*body, "request_id"),
                text_in(*body, "address"),
                text_in(*body, "deployment"),
                number(body->find("status")),
                text_in(*body, "at"),
                number(body->find("first_sequence")),
                number(body->find("last_sequence")),
                number(body->find("count")),
                {},
                message.payload};
    for (const auth::Json& part : *settled->list()) {
        std::string tenant = text_in(part, "tenant");
        if (std::ranges::find(out.tenants, tenant) == out.tenants.end()) out.tenants.push_back(std::move(tenant));
    }
    return out;
}

bool tells_of(const Request& request, const Origin& origin, const StreamMessage& result) {
    if (!origin.is_of_one_event())
        return request.first_sequence <= origin.last_sequence && origin.first_sequence <= request.last_sequence;
    const std::string_view id = header_or_empty(result.headers, "Nats-Msg-Id");
    return request.id == header_or_empty(result.headers, "Millrace-Request-Id") && !id.empty() &&
           request.text.contains("\"" + std::string(id) + "\"");
}

std::string text(const TraceReport& report) {
    std::string out;
    const Origin& origin = report.origin;
    const auto& headers = report.result.message.headers;
    line(out, "result", whole_line(report.result));
    line(out, "identity", subjects::printable(header_or_empty(headers, "Nats-Msg-Id")));
    line(out, "kind", origin.kind);
    line(out, "pipeline", origin.pipeline);
    line(out, "tenant", origin.tenant);
    if (report.input) {
        line(out, "input", whole_line(*report.input) + "  event " + *origin.element);
    } else {
        line(out, "input",
             subjects::printable(origin.input_stream) + ":" + range(origin.first_sequence, origin.last_sequence) +
                 (origin.is_of_one_event() ? "  event " + *origin.element : std::string()));
    }
    for (const auto& [header, name] : kSaid) line(out, name, subjects::printable(header_or_empty(headers, header)));
    for (const auto& [message, request] : report.audit) {
        line(out, "audit", whole_line(message));
        if (!origin.is_of_one_event()) line(out, "  request", request.id);
        line(out, "  asked", request.address);
        line(out, "  answer",
             std::to_string(request.status) +
                 (request.deployment.empty() ? "" : " from deployment " + request.deployment) + ", told " + request.at);
        line(out, "  batch",
             subjects::printable(origin.input_stream) + ":" + range(request.first_sequence, request.last_sequence) +
                 ", " + std::to_string(request.count) + (request.count == 1 ? " event of " : " events of ") +
                 list(request.tenants));
    }
    return out;
}

std::string json(const TraceReport& report) {
    const Origin& origin = report.origin;
    std::string out = "{\"result\":" + json(report.result);
    const auto add = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        out += ",";
        append_quoted(out, name);
        out += ":";
        append_quoted(out, value);
    };
    const auto& headers = report.result.message.headers;
    add("identity", subjects::printable(header_or_empty(headers, "Nats-Msg-Id")));
    add("kind", origin.kind);
    add("pipeline", origin.pipeline);
    add("tenant", origin.tenant);
    out += ",\"input\":";
    if (report.input) {
        out += json(*report.input);
    } else {
        out += "{\"stream\":";
        append_quoted(out, subjects::printable(origin.input_stream));
        out += ",\"first_sequence\":" + std::to_string(origin.first_sequence) +
               ",\"last_sequence\":" + std::to_string(origin.last_sequence) + "}";
    }
    if (origin.is_of_one_event()) add("element", *origin.element);
    for (const auto& [header, name] : kSaid) add(name, subjects::printable(header_or_empty(headers, header)));
    out += ",\"audit\":[";
    for (const auto& [message, request] : report.audit)
        out += (&message == &report.audit.front().message ? "" : ",") + ("{\"message\":" + json(message)) +
               ",\"said\":" + request.text + "}";
    out += "],\"gaps\":[";
    for (const std::string& gap : report.gaps) {
        if (&gap != &report.gaps.front()) out += ",";
        append_quoted(out, gap);
    }
    return out + "]}\n";
}

}  // namespace millrace::app
