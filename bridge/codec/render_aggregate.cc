#include "bridge/codec/render_aggregate.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/codec/copy.h"
#include "bridge/codec/fit.h"
#include "bridge/codec/json_text.h"
#include "bridge/codec/timestamp.h"
#include "bridge/settings/field_path.h"
#include "bridge/settings/outputs.h"
#include "bridge/windows/values.h"
#include "subjects/identity.h"
#include "subjects/subject_template.h"
#include "subjects/summary_key.h"

namespace millrace::codec {
namespace {

// A member of the body between the window and the counts.
struct Member {
    std::string name;
    std::string json;
    bool approximate = false;
    bool truncated = false;
    bool overflow = false;
    bool left_out = false;
};

const Aggregate& aggregate_of(const settings::Pipeline& pipeline, const windows::Closed& closed) {
    MILLRACE_CHECK(closed.aggregate < pipeline.aggregates.size(), "a closed window is of the pipeline's aggregates");
    return pipeline.aggregates[closed.aggregate];
}

std::vector<Member> members_of(const Aggregate& aggregate, const windows::Closed& closed) {
    MILLRACE_CHECK(closed.group.size() == aggregate.group_by.size(), "a value for each group field");
    MILLRACE_CHECK(closed.fields.size() == aggregate.select.size(), "a value for each select");
    std::vector<Member> members;
    members.reserve(closed.group.size() + closed.fields.size());
    for (std::size_t i = 0; i < closed.group.size(); ++i) {
        Member& member = members.emplace_back();
        member.name = settings::key_of(aggregate.group_by[i]);
        Value scratch;
        windows::append_json(member.json, *windows::plain(&closed.group[i], scratch));
    }
    for (std::size_t i = 0; i < closed.fields.size(); ++i) {
        const windows::Field& field = closed.fields[i];
        members.push_back({aggregate.select[i].name, field.json, field.approximate, field.truncated, field.overflow});
    }
    return members;
}

void add_marks(std::string& body, std::string_view mark, const std::vector<Member>& members, bool Member::* is_marked) {
    std::string names;
    for (const Member& member : members) {
        if (member.*is_marked) names += (names.empty() ? "" : ",") + quoted(member.name);
    }
    if (!names.empty()) body += "," + member_key(mark) + "[" + names + "]";
}

// `tail`: further members, each after a comma.
std::string body_of(const Aggregate& aggregate, Partition partition, const windows::Closed& closed,
                    const std::vector<Member>& members, std::string_view tail) {
    std::string body =
        R"({"window_start":")" + rfc3339_brief(closed.start) + R"(","window_end":")" + rfc3339_brief(closed.end) + '"';
    for (const Member& member : members) {
        if (!member.left_out) body += "," + member_key(member.name) + member.json;
    }
    body += R"(,"count":)" + std::to_string(closed.count) + R"(,"first_sequence":)" +
            std::to_string(closed.first.sequence) + R"(,"last_sequence":)" + std::to_string(closed.last.sequence);
    if (aggregate.partial) body += R"(,"partition":)" + std::to_string(partition);
    add_marks(body, "approximate", members, &Member::approximate);
    add_marks(body, "truncated", members, &Member::truncated);
    add_marks(body, "overflow", members, &Member::overflow);
    return body.append(tail) += '}';
}

// Whether something was left to leave out.
bool leave_out_largest(std::vector<Member>& members) {
    const auto size = [](const Member& member) {
        return member.left_out ? 0 : member.name.size() + member.json.size();
    };
    const auto largest = std::ranges::max_element(members, {}, size);
    if (largest == members.end() || largest->left_out) return false;
    largest->left_out = true;
    largest->truncated = true;
    return true;
}

// The subject for a tenant; checked twice, since a wrong one shows one tenant's numbers to another.
Result<std::string> subject_for(const std::string& text, std::string_view tenant, Partition partition) {
    const auto destination = subjects::SubjectTemplate::parse(text, subjects::Use::output);
    if (!destination) return std::unexpected(destination.error());
    auto subject = destination->render(tenant, partition);
    if (subject && !destination->allows(*subject, tenant)) {
        return fail(ErrorCode::invalid, "subject " + quoted(*subject) + " is none that " + quoted(text) +
                                            " makes for tenant " + quoted(tenant));
    }
    return subject;
}

std::vector<Header> headers_of(const settings::Pipeline& pipeline, const Aggregate& aggregate, Partition partition,
                               const windows::Closed& closed) {
    std::vector<Header> headers;  // a list in braces would copy each
    headers.reserve(10);
    headers.emplace_back("Nats-Msg-Id", subjects::to_hex(identity_of(pipeline, partition, closed)));
    headers.emplace_back("Millrace-Kind", "aggregate");
    headers.emplace_back("Millrace-Pipeline", pipeline.name);
    headers.emplace_back("Millrace-Generation", std::to_string(pipeline.generation));
    headers.emplace_back("Millrace-Tenant", closed.tenant);
    headers.emplace_back("Millrace-Aggregate", aggregate.name);
    headers.emplace_back("Millrace-Window-Start", rfc3339(closed.start));
    headers.emplace_back("Millrace-Window-End", rfc3339(closed.end));
    headers.emplace_back("Millrace-Input-Stream", pipeline.input.stream);
    headers.emplace_back("Millrace-Partition", std::to_string(partition));
    return headers;
}

Result<Rendered> with_body(Rendered made, const Aggregate& aggregate, Partition partition,
                           const windows::Closed& closed, std::string_view tail, std::size_t max_bytes) {
    auto members = members_of(aggregate, closed);
    for (;;) {
        made.payload = body_of(aggregate, partition, closed, members, tail);
        const auto trouble = misfit(made.headers, made.payload.size(), max_bytes);
        if (trouble.empty()) return made;
        if (!leave_out_largest(members)) {
            return fail(ErrorCode::too_large, "aggregate: " + trouble + ", with nothing left to leave out");
        }
    }
}

subjects::EventOrigin origin_of(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event) {
    return {.pipeline = pipeline.name,
            .generation = pipeline.generation,
            .stream = pipeline.input.stream,
            .stored_at = delivery.stored_at,
            .sequence = delivery.stream_sequence,
            .element = event.element};
}

}  // namespace

Identity identity_of(const settings::Pipeline& pipeline, Partition partition, const windows::Closed& closed) {
    const Aggregate& aggregate = aggregate_of(pipeline, closed);
    return subjects::aggregate_identity({.pipeline = pipeline.name,
                                         .generation = pipeline.generation,
                                         .name = aggregate.name,
                                         .window = aggregate.window,
                                         .start = closed.start,
                                         .end = closed.end,
                                         .tenant = closed.tenant,
                                         .partition = aggregate.partial ? std::optional(partition) : std::nullopt,
                                         .group = closed.group});
}

Result<Rendered> render_aggregate(const settings::Pipeline& pipeline, Partition partition,
                                  const windows::Closed& closed, std::size_t max_bytes) {
    const Aggregate& aggregate = aggregate_of(pipeline, closed);
    auto subject = subject_for(aggregate.subject, closed.tenant, partition);
    if (!subject) return std::unexpected(std::move(subject.error()));
    Rendered made;
    made.output = aggregate_output(closed.aggregate);
    made.subject = *std::move(subject);
    made.headers = headers_of(pipeline, aggregate, partition, closed);
    return with_body(std::move(made), aggregate, partition, closed, {}, max_bytes);
}

Result<Rendered> render_summary(const settings::Pipeline& pipeline, Partition partition, const windows::Closed& closed,
                                std::size_t max_bytes) {
    const Aggregate& aggregate = aggregate_of(pipeline, closed);
    std::vector<Value> group;
    for (const Value& value : closed.group) {
        Value scratch;
        group.push_back(*windows::plain(&value, scratch));
    }
    Rendered made;
    made.output = summary_output(closed.aggregate);
    made.subject =
        settings::summary_space(pipeline, aggregate) +
        subjects::summary_key(closed.tenant, aggregate.partial ? std::optional(partition) : std::nullopt, group);
    made.headers = headers_of(pipeline, aggregate, partition, closed);
    // Nothing is to be a duplicate there: what is stored is compared.
    made.headers[0].first = kSummaryIdentity;
    made.headers[1].second = "summary";
    const std::string tail =
        R"(,"generation":)" + std::to_string(pipeline.generation) + R"(,"identity":")" + made.headers[0].second + '"';
    return with_body(std::move(made), aggregate, partition, closed, tail, max_bytes);
}

Result<Rendered> render_late(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                             Missed missed, std::size_t max_bytes) {
    auto subject = subject_for(pipeline.event.late_subject, delivery.tenant, delivery.partition);
    if (!subject) return std::unexpected(std::move(subject.error()));
    Rendered made;
    made.output = Output::late;
    made.subject = *std::move(subject);
    made.headers = {{"Nats-Msg-Id", subjects::to_hex(subjects::late_identity(origin_of(pipeline, delivery, event)))}};
    add_source(pipeline, delivery, event, made.headers);
    add_missed(delivery, event, missed, made.headers);
    return with_copy(std::move(made), "late event", pipeline, delivery, event, max_bytes);
}

}  // namespace millrace::codec
