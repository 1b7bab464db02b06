#include "tests/fuzz/shard_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bridge/io/nats_wire.h"
#include "bridge/protocols/json_reader.h"
#include "subjects/identity.h"
#include "subjects/tenant.h"

namespace millrace::fuzz {
namespace {

constexpr Duration kStart = std::chrono::hours(1000);
constexpr ServerTime kCreated{std::chrono::hours(1)};

// The rows of a body that is a bare array.
std::vector<std::string> rows_of(std::string_view body) {
    std::vector<std::string> rows;
    protocols::JsonReader reader(body);
    reader.enter();
    while (reader.more()) rows.emplace_back(reader.skip());
    MILLRACE_CHECK(reader.finish(), "a request is JSON");
    return rows;
}

std::string header(const ports::Publication& publication, std::string_view name) {
    const auto found = std::ranges::find(publication.headers, name, &Header::first);
    return found == publication.headers.end() ? std::string() : found->second;
}

bool decided_by_endpoint(std::string_view reason) {
    for (const Reason each : {Reason::rejected, Reason::too_large, Reason::model_raised, Reason::contract_broken,
                              Reason::timeout, Reason::endpoint_crash}) {
        if (reason == name(each)) return true;
    }
    return false;
}

}  // namespace

ShardWorld::Message& ShardWorld::message(std::uint64_t sequence, std::string token, std::string payload) {
    const auto [at, made] = messages.try_emplace(sequence);
    Message& message = at->second;
    if (!made) return message;
    const auto partition = pipeline_.partitions > 1 ? std::to_string(partition_of(sequence)) + '.' : std::string();
    message.subject = "in." + partition + token;
    message.payload = std::move(payload);
    if (subjects::is_tenant(token)) message.tenant = std::move(token);
    Delivery delivery;
    delivery.payload = Payload(message.payload);
    decoder_.decode(delivery);
    if (message.tenant.empty()) delivery.events.resize(1);
    for (const Event& event : delivery.events) {
        const Identity id = subjects::event_identity(
            {pipeline_.name, pipeline_.generation, pipeline_.input.stream, kCreated, sequence, event.element});
        events_[id] = {sequence, message.identities.size()};
        message.identities.push_back(id);
        message.rows.push_back(event.fault || message.tenant.empty() ? std::string() : event.row);
        if (!message.rows.back().empty()) rows_[message.rows.back()].tenants.insert(message.tenant);
    }
    return message;
}

ports::Message ShardWorld::deliver(std::uint64_t sequence, std::uint32_t slot) {
    Message& message = messages.at(sequence);
    const Partition partition = partition_of(sequence);
    message.given_back = false;
    message.delivered_at = message.touched = message.touched_by_us = now;
    last_active_ = now;
    tell("delivered", std::to_string(sequence));
    std::string reply = "$JS.ACK.S." + settings::consumer_name(pipeline_, partition) + '.' +
                        std::to_string(++message.delivered) + '.' + std::to_string(sequence) + '.' +
                        std::to_string(++consumer_sequence_) + '.' +
                        std::to_string(kCreated.time_since_epoch().count()) + ".0";
    deliveries_[reply] = sequence;
    return {partition,
            slot,
            message.subject,
            std::move(reply),
            {{"traceparent", "00-1"}, {"X", "a\r\nb"}},
            Payload(message.payload)};
}

std::optional<std::uint64_t> ShardWorld::due_again(Partition partition) const {
    for (const auto& [sequence, message] : messages) {
        if (message.acked || message.delivered == 0 || partition_of(sequence) != partition) continue;
        if (message.given_back || now - message.touched >= pipeline_.input.ack_wait) return sequence;
    }
    return std::nullopt;
}

Bound ShardWorld::bound(Partition partition, bool tells_idle, std::uint64_t max_payload) {
    Bound bound;
    bound.partition = partition;
    bound.stream_created = kCreated;
    bound.input_first_sequence = 1;
    bound.input_last_sequence = kMessages;
    bound.ack_wait = pipeline_.input.ack_wait;
    bound.duplicate_window = duplicate_window;
    bound.server_now = server_now();
    bound.oldest_unacked = kCreated;
    if (tells_idle) bound.idle_for = now - last_active_;
    bound.output_last_sequence.assign(kEventOutputs, stored_);
    bound.max_payload = max_payload_ = max_payload;
    std::optional<std::uint64_t> unacked;
    for (const auto& [sequence, message] : messages) {
        if (message.delivered == 0 || partition_of(sequence) != partition) continue;
        bound.delivered_sequence = sequence;
        if (message.acked) continue;
        ++bound.ack_pending;
        if (!unacked) unacked = sequence;
    }
    bound.ack_floor = unacked ? *unacked - 1 : bound.delivered_sequence;
    return bound;
}

Found ShardWorld::found(std::uint64_t number) const {
    Found found;
    found.number = number;
    for (const auto& [id, when] : output_) found.identities.push_back(id);
    return found;
}

void ShardWorld::answering(const Request& request, bool honest) {
    for (const std::string& row : request.rows) {
        if (honest) continue;
        rows_[row].answered_oddly = true;
        if (request.rows.size() == 1) ++rows_[row].refused_alone;
    }
}

void ShardWorld::tell(std::string_view what, std::string_view about) const {
    static const bool wanted = std::getenv("FUZZ_TRACE") != nullptr;
    if (!wanted) return;
    const auto ms = (now.time_since_epoch() - kStart) / std::chrono::milliseconds(1);
    std::fprintf(stderr, "%8lld ms  %.*s %.*s\n", static_cast<long long>(ms), static_cast<int>(what.size()),
                 what.data(), static_cast<int>(about.size()), about.data());
}

void ShardWorld::called(std::string_view what, std::string_view about) {
    tell(what, about);
    MILLRACE_CHECK(++calls < 20'000, "a turn ends");
}

// ---- JetStream ----

void ShardWorld::bind(Partition partition) { called("bind"), binds.push_back(partition); }
void ShardWorld::find(const Find& find) { called("find"), finds.push_back(find); }

void ShardWorld::pull(const PullRequest& request) {
    called("pull");
    MILLRACE_CHECK(request.batch > 0 && request.slot < kPullSlots, "a pull asks for something");
    pulls.push_back({request, now});
}

ShardWorld::Message& ShardWorld::of(const std::string& ack_subject) {
    const auto found = deliveries_.find(ack_subject);
    MILLRACE_CHECK(found != deliveries_.end(), "only what was delivered is acked");
    return messages.at(found->second);
}

void ShardWorld::ack(const std::string& ack_subject) {
    called("ack", ack_subject);
    Message& message = of(ack_subject);
    MILLRACE_CHECK(done_.insert(ack_subject).second, "a delivery is acked or given back once");
    for (const Identity& id : message.identities)
        MILLRACE_CHECK(output_.contains(id), "acked_after_stored: each event of an acked message is stored");
    if (tape_.below(8) == 7) return;  // lost on the way
    message.acked = true;
    last_active_ = now;
}

void ShardWorld::nak(const std::string& ack_subject, Duration delay) {
    called("nak", ack_subject);
    Message& message = of(ack_subject);
    MILLRACE_CHECK(delay >= Duration::zero(), "a delay is not negative");
    MILLRACE_CHECK(done_.insert(ack_subject).second, "a delivery is acked or given back once");
    message.given_back = true;
}

void ShardWorld::in_progress(const std::string& ack_subject) {
    called("in progress", ack_subject);
    Message& message = of(ack_subject);
    MILLRACE_CHECK(!done_.contains(ack_subject), "what is done is not in progress");
    if (now - message.touched_by_us < pipeline_.input.ack_wait) message.touched_by_us = now;
    if (tape_.below(8) != 7) message.touched = now;
}

void ShardWorld::publish(ports::Publication publication) {
    called("publish", publication.subject + ' ' + header(publication, "Millrace-Input-Sequence") + ' ' +
                          header(publication, "Millrace-Reason"));
    const auto id = subjects::identity_from_hex(header(publication, "Nats-Msg-Id"));
    MILLRACE_CHECK(id && events_.contains(*id), "what is published has the identity of an event");
    const auto& [sequence, element] = events_.at(*id);
    const Message& message = messages.at(sequence);
    MILLRACE_CHECK(message.delivered > 0 && now - message.touched_by_us < pipeline_.input.ack_wait, "fresh");
    check_publication(publication, message, element);
    const std::size_t fate = tape_.below(16);
    if (fate >= 12) tell("  fate", std::to_string(fate));
    if (fate == 15) return;  // lost on the way
    Stored answer{publication.id, {}, false, 0, false};
    if (fate == 13 || fate == 14) {
        const bool passing = fate == 13;
        answer.error = Error{passing ? ErrorCode::unavailable : ErrorCode::misconfigured, "no leader"};
        answer.refused = true;
    } else {
        const auto [at, first] = output_.try_emplace(*id, now);
        answer.duplicate = !first && now - at->second < duplicate_window;
        MILLRACE_CHECK(first || answer.duplicate || message.delivered_at - at->second >= duplicate_window / 2,
                       "settled_once: stored again, and not because the redelivery came so late");
        if (!answer.duplicate) ++stored_, at->second = now;
        answer.sequence = stored_;
    }
    if (fate != 12) answers.push_back(std::move(answer));  // else the answer is lost on the way
}

void ShardWorld::check_publication(const ports::Publication& p, const Message& message, std::size_t element) const {
    const std::string& row = message.rows[element];
    const std::string reason = header(p, "Millrace-Reason");
    const std::string subject = reason.empty()           ? "out." + message.tenant
                                : message.tenant.empty() ? "dead-unroutable"
                                                         : "dead." + message.tenant;
    MILLRACE_CHECK(p.subject == subject, "one_tenant: an event's subject is its tenant's");
    MILLRACE_CHECK(io::is_concrete_subject(p.subject) && std::ranges::all_of(p.headers, io::is_wire_header),
                   "what is published can be written to the wire");
    MILLRACE_CHECK(io::header_block_size(p.headers) + p.payload.size() <= max_payload_, "and fits");
    if (reason.empty()) {
        MILLRACE_CHECK(!row.empty(), "what has no row has no result");
        const bool own = p.payload.starts_with(R"({"score":{"of":)" + row + '}');
        MILLRACE_CHECK(own || rows_.at(row).answered_oddly, "batch_integrity: a result is of its own row");
    } else if (decided_by_endpoint(reason)) {
        MILLRACE_CHECK(rows_.at(row).refused_alone >= 2, "an event is convicted on two answers to it alone");
    }
}

// ---- endpoint ----

void ShardWorld::send(ports::HttpRequest request) {
    called("request", request.body);
    requests.push_back({request.id, rows_of(request.body)});
    const auto& endpoint = pipeline_.endpoint;
    MILLRACE_CHECK(requests.size() <= pipeline_.partitions * endpoint.parallel_requests_per_partition, "in_flight");
    const auto& rows = requests.back().rows;
    MILLRACE_CHECK(!rows.empty() && rows.size() <= endpoint.max_batch_count, "a batch is within its bounds");
    std::set<std::string> tenants;
    for (const std::string& row : rows) {
        if (row == endpoint.control) return;
        MILLRACE_CHECK(rows_.contains(row), "a row is an event's");
        const auto& its = rows_.at(row).tenants;
        if (&row == rows.data()) tenants = its;
        std::erase_if(tenants, [&](const std::string& tenant) { return !its.contains(tenant); });
    }
    MILLRACE_CHECK(!tenants.empty() || endpoint.mix_tenants, "one_tenant: a request holds one tenant's rows");
}

void ShardWorld::wait(Duration, std::vector<ports::HttpResponse>& out) {
    std::ranges::move(responses, std::back_inserter(out));
    responses.clear();
}

// ---- observer ----

void ShardWorld::note(const Note& note) {
    called(note.event, note.text);
    // A forged reply subject is no event, and may say what it likes.
    MILLRACE_CHECK(note.event == "bad_delivery" || note.text.find(kCanary) == std::string::npos,
                   "a note does not quote an event");
    halted = halted || note.event == "halted";
}

void ShardWorld::publish(const Snapshot& snapshot) {
    MILLRACE_CHECK(connected || !able_to_work(snapshot), "no_lying_health: able to work without a connection");
}

}  // namespace millrace::fuzz
