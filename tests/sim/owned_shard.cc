#include "tests/sim/owned_shard.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "bridge/windows/operands.h"
#include "subjects/ack_subject.h"
#include "subjects/identity.h"
#include "subjects/tenant.h"
#include "tests/sim/flat_json.h"
#include "tests/sim/rfc3339.h"

namespace millrace::sim {
namespace {

std::vector<Partition> all_partitions(const settings::Pipeline& pipeline) {
    std::vector<Partition> all(pipeline.partitions);
    std::iota(all.begin(), all.end(), Partition{0});
    return all;
}

std::string json(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return '"' + *text + '"';
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    return "null";
}

Value value_of(const std::map<std::string, std::string>& members, const std::string& name) {
    const auto found = members.find(name);
    if (found == members.end() || found->second == "null") return Null{};
    if (found->second.starts_with('"')) return found->second.substr(1, found->second.size() - 2);
    return std::int64_t{std::stoll(found->second)};
}

std::string subject_of(const std::string& text, std::string_view tenant, Partition partition) {
    return *subjects::SubjectTemplate::parse(text, subjects::Use::output)->render(tenant, partition);
}

}  // namespace

state::OutboxEntry OwnedRendering::aggregate(Partition partition, const windows::Closed& closed) const {
    const Aggregate& of = pipeline_.aggregates[closed.aggregate];
    state::OutboxEntry entry;
    entry.output = static_cast<std::uint32_t>(aggregate_output(closed.aggregate));
    entry.subject = subject_of(of.subject, closed.tenant, partition);
    std::string group;
    for (std::size_t i = 0; i < closed.group.size(); ++i)
        group += ",\"" + of.group_by[i] + "\":" + json(closed.group[i]);
    entry.payload = R"({"window_start":")" + rfc3339_of(closed.start) + R"(","window_end":")" +
                    rfc3339_of(closed.end) + '"' + group;
    for (std::size_t i = 0; i < closed.fields.size(); ++i)
        entry.payload += ",\"" + of.select[i].name + "\":" + closed.fields[i].json;
    entry.payload += R"(,"count":)" + std::to_string(closed.count) + R"(,"first_sequence":)" +
                     std::to_string(closed.first.sequence) + R"(,"last_sequence":)" +
                     std::to_string(closed.last.sequence) + "}";
    const std::array<subjects::Part, 7> tuple = {std::string_view(of.name),
                                                 std::string_view(closed.tenant),
                                                 std::uint64_t{partition},
                                                 std::int64_t{closed.start.time_since_epoch().count()},
                                                 std::int64_t{closed.end.time_since_epoch().count()},
                                                 std::string_view(group),
                                                 std::uint64_t{pipeline_.generation}};
    entry.id = subjects::identity_of(tuple);
    entry.headers = {{"Nats-Msg-Id", subjects::to_hex(entry.id)},
                     {"Millrace-Pipeline", pipeline_.name},
                     {"Millrace-Tenant", closed.tenant},
                     {"Millrace-Aggregate", of.name},
                     {"Millrace-Partition", std::to_string(partition)}};
    return entry;
}

state::OutboxEntry OwnedRendering::copy(Output output, const std::string& subject, const Delivery& delivery,
                                        const Event& event) const {
    state::OutboxEntry entry;
    entry.output = static_cast<std::uint32_t>(output);
    entry.subject = subject;
    const std::array<subjects::Part, 3> tuple = {std::uint64_t{entry.output}, delivery.stream_sequence,
                                                 std::uint64_t{event.element}};
    entry.id = subjects::identity_of(tuple);
    entry.headers = {{"Nats-Msg-Id", subjects::to_hex(entry.id)},
                     {"Millrace-Pipeline", pipeline_.name},
                     {"Millrace-Input-Sequence", std::to_string(delivery.stream_sequence)},
                     {"Millrace-Element", std::to_string(event.element)}};
    entry.payload = event.text;
    return entry;
}

state::OutboxEntry OwnedRendering::dead_letter(const Delivery& delivery, const Event& event) const {
    if (delivery.tenant.empty())
        return copy(Output::unroutable, pipeline_.dead_letter.unroutable_subject, delivery, event);
    const auto subject = subject_of(pipeline_.dead_letter.subject, delivery.tenant, delivery.partition);
    return copy(Output::dead_letter, subject, delivery, event);
}

state::OutboxEntry OwnedRendering::late(const Delivery& delivery, const Event& event, millrace::Fate) const {
    const auto subject = subject_of(pipeline_.event.late_subject, delivery.tenant, delivery.partition);
    return copy(Output::late, subject, delivery, event);
}

OwnedShard::OwnedShard(const settings::Pipeline& pipeline, ports::JetStream& jetstream,
                       SimJetStream::Arrivals& arrivals, ports::Observer& observer, std::uint64_t seed)
    : pipeline_(pipeline),
      jetstream_(jetstream),
      arrivals_(arrivals),
      observer_(observer),
      rendering_(pipeline),
      engine_(pipeline, all_partitions(pipeline), seed, engine::Ownership{&rendering_, digest(pipeline.name)}),
      input_(*subjects::SubjectTemplate::parse(pipeline.input.subject, subjects::Use::input)) {}

void OwnedShard::turn(Time now) {
    arrivals_.take(mail_);
    for (auto& arrival : mail_) std::visit([&](auto&& what) { arrived(std::move(what), now); }, std::move(arrival));
    if (drain_) step(*std::exchange(drain_, std::nullopt), now);
    step(engine::Tick{}, now);
    jetstream_.flush();
}

Duration OwnedShard::until_due(Time now) const {
    if (drain_) return Duration::zero();
    const Time due = engine_.next_due();
    return due == kNever ? std::chrono::hours(24) : std::max(Duration::zero(), due - now);
}

void OwnedShard::step(engine::Input&& in, Time now) {
    effects_.clear();
    engine_.step(std::move(in), now, effects_);
    for (engine::Effect& effect : effects_) std::visit([&](auto& e) { carry_out(e); }, effect);
}

void OwnedShard::arrived(ports::Message&& message, Time now) {
    const auto ack = subjects::parse_ack_subject(message.reply);
    if (!ack || ack->consumer != consumers_[message.partition]) return;
    auto delivery = std::make_unique<Delivery>();
    delivery->partition = message.partition;
    delivery->stream_sequence = ack->stream_sequence;
    delivery->consumer_sequence = ack->consumer_sequence;
    delivery->delivered = ack->delivered;
    delivery->pending = ack->pending;
    delivery->stored_at = ack->stored_at;
    const auto tenant = input_.tenant_in(message.subject);
    if (subjects::is_tenant(tenant)) delivery->tenant = tenant;
    delivery->ack_subject = std::move(message.reply);
    delivery->subject = std::move(message.subject);
    delivery->payload = std::move(message.payload);
    decode(*delivery);
    step(engine::Delivered{message.slot, std::move(delivery), now}, now);
}

void OwnedShard::decode(Delivery& delivery) const {
    std::string_view left = delivery.payload.bytes();
    const auto operands = windows::operands(pipeline_.aggregates);
    while (!left.empty()) {
        Event event;
        event.element = static_cast<std::uint32_t>(delivery.events.size());
        event.text = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(left.size(), event.text.size() + 1));
        const auto members = flat_json(event.text);
        const auto at = members.find("at");
        if (delivery.tenant.empty() || members.empty()) event.fault = Verdict{Reason::not_json, "", 0, {}};
        if (at != members.end() && !pipeline_.event.timestamp.empty())
            event.at = time_in(at->second.substr(1, at->second.size() - 2));
        for (const auto& operand : operands) event.values.push_back(value_of(members, operand.path));
        delivery.events.push_back(std::move(event));
    }
}

void OwnedShard::carry_out(const Position& e) {
    consumers_[e.partition] = settings::consumer_name(pipeline_, e);
    jetstream_.position(e);
}

void OwnedShard::carry_out(const engine::Write& e) {
    jetstream_.publish({e.id, e.output, std::string(e.subject), *e.headers, std::string(e.payload),
                        e.expected_last_subject_sequence});
}

}  // namespace millrace::sim
