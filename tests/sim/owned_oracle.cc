#include "tests/sim/owned_oracle.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <span>
#include <utility>

#include "bridge/settings/outputs.h"
#include "subjects/identity.h"
#include "tests/sim/flat_json.h"
#include "tests/sim/rfc3339.h"

namespace millrace::sim {
namespace {

std::string number(ServerTime time) { return std::to_string(time.time_since_epoch().count()); }

std::optional<ServerTime> time_of(const std::string& quoted) {
    return quoted.size() < 2 ? std::nullopt : time_in(quoted.substr(1, quoted.size() - 2));
}

std::string name_of_event(std::string_view what, std::string_view sequence, std::string_view element) {
    return std::string(what).append(" of ").append(sequence).append(".").append(element);
}

std::string subject_of(std::string_view what, const std::string& tenant) {
    return tenant.empty() ? "dead-unroutable.trips" : std::string(what) + "." + tenant + ".trips";
}

std::string_view token(std::string_view subject, std::size_t which) {
    for (; which > 0; --which) subject.remove_prefix(std::min(subject.find('.'), subject.size() - 1) + 1);
    return subject.substr(0, subject.find('.'));
}

}  // namespace

OwnedOracle::OwnedOracle(const Plan& plan, const Scheduler& scheduler, Trace& trace, Marks& marks)
    : plan_(plan), scheduler_(scheduler), trace_(trace), spotter_(marks), reference_(plan.pipeline) {
    for (Partition p = 0; p < plan.pipeline.partitions; ++p) lanes_[p];
}

void OwnedOracle::violate(std::string invariant, std::string text) {
    if (violation_) return;
    trace_.line("oracle", invariant + " is broken: " + text);
    violation_ = Violation{std::move(invariant), std::move(text)};
}

// ---- the input ----

void OwnedOracle::published(Partition partition, const std::string& tenant, const StoredMessage& message,
                            const std::vector<OwnedEvent>& events) {
    Lane& lane = lanes_[partition];
    lane.newest = message.sequence;
    partition_of_[message.sequence] = partition;
    stored_at_[message.sequence] = message.stored_at;
    tenant_of_[message.sequence] = tenant;
    events_ += events.size();
    if (!begins_at_ && message.stored_at >= reference_.reads_from()) begins_at_ = message.sequence;
    if (!begins_at_) return;
    lane.input.push_back({tenant, message.sequence, message.stored_at, events});
    const bool apart = plan_.pipeline.ordered && plan_.pipeline.partitions > 1;
    const auto home = apart ? std::to_string(partition) + "." + tenant : tenant;
    scores_.published("results." + home + ".trips", message.sequence, events);
    if (!plan_.is_scored()) take(partition, lane.input.back());
}

// What scored events come to is known when they are below a floor.
void OwnedOracle::take_settled(Partition partition, const state::Head& head) {
    Lane& lane = lanes_[partition];
    for (; lane.taken < lane.input.size() && lane.input[lane.taken].sequence <= head.floor; ++lane.taken) {
        Received& message = lane.input[lane.taken];
        for (std::uint32_t element = 0; element < message.events.size(); ++element) {
            OwnedEvent& event = message.events[element];
            const auto settled = scores_.settled(event, message.sequence, element);
            if (!settled) {
                return violate("settled_once",
                               name_of_event("event", std::to_string(message.sequence), std::to_string(element)) +
                                   " is below a floor with neither result nor verdict");
            }
            event = *settled;
        }
        take(partition, message);
    }
}

// What a message must come to in the partition's generation.
void OwnedOracle::take(Partition partition, Received& message) {
    Lane& lane = lanes_[partition];
    const auto owe = [&](std::string_view what, std::uint32_t element) {
        const auto name = name_of_event(what, std::to_string(message.sequence), std::to_string(element));
        const auto due = in_generation(lane.generation, name);
        // A verdict may have been committed before the floor, and its dead letter be there.
        if (!identity_of_.contains(due)) lane.due.emplace(due, message.sequence);
        copies_[name] = subject_of(what, message.tenant);
    };
    std::uint32_t element = 0;
    for (const auto& event : message.events) {
        if (!event.decodable || message.tenant.empty()) {
            owe("dead", element++);
            continue;
        }
        if (event.dead) owe("dead", element);
        if (!event.selected && !bypass_space().empty()) owe(bypass_space(), element);
        const auto fate =
            reference_.judge(partition, message.tenant, event, message.stored_at, message.sequence, element);
        if (!event.dead && event.selected && fate != Reference::Fate::counted &&
            plan_.pipeline.event.on_late == settings::OnLate::subject)
            owe("late", element);
        ++element;
    }
    const auto watermark = reference_.watermark(partition, message.tenant);
    for (const auto& [key, counted] : reference_.counted()) {
        if (key.partition != partition || key.tenant != message.tenant) continue;
        for (const auto& window : reference_.windows(key)) {
            const auto name = in_generation(lane.generation, name_of(key, window.end));
            if (window.end < watermark && !identity_of_.contains(name)) lane.due.emplace(name, message.sequence);
        }
    }
}

void OwnedOracle::trimmed(std::uint64_t below) {
    for (auto& [partition, lane] : lanes_) {
        const auto gone = std::erase_if(lane.input, [&](const Received& message) { return message.sequence < below; });
        lane.taken -= std::min(lane.taken, gone);
    }
}

void OwnedOracle::raised(std::uint32_t generation) {
    generation_ = generation;
    expect_halt("fingerprint_mismatch");
}

// A generation begins with nothing, where `start` says; what the one before left open is never due any more.
void OwnedOracle::begin(Partition partition, const state::Head& head) {
    Lane& lane = lanes_[partition];
    lane.generation = head.generation;
    lane.begins_behind = lane.floor = head.floor;
    lane.due.clear();
    reference_.forget(partition);
    if (!lane.input.empty() && head.floor >= lane.input.front().sequence)
        violate("covers", "a generation begins behind message " + std::to_string(head.floor));
    lane.taken = 0;
    if (plan_.is_scored()) return;
    for (auto& message : lane.input) take(partition, message);
}

std::string OwnedOracle::in_generation(std::uint32_t generation, const std::string& name) {
    return generation == 1 ? name : name + " in generation " + std::to_string(generation);
}

std::string OwnedOracle::name_of(const Reference::Key& key, ServerTime end) const {
    return plan_.pipeline.aggregates[key.aggregate].name + " of " + key.tenant + " " + key.group + " in " +
           std::to_string(key.partition) + " up to " + number(end);
}

// ---- what is stored ----

void OwnedOracle::stored_together(const std::vector<StoredMessage>& messages) {
    ++seen_["stored together"];
    const auto head = state::read_head(messages.back().payload);
    if (!head || head->together + 1 != messages.size())
        return violate("monotone", "a head is stored with other messages than it says");
    for (const auto& message : std::span(messages).first(head->together)) {
        const auto id = subjects::identity_from_hex(header_value(message.headers, "Nats-Msg-Id").value_or(""));
        if (!id) return violate("fenced", "stored with a head, and has no identity: " + message.payload);
        commit({0, *id, message.subject, message.headers, message.payload}, head->generation);
    }
}

void OwnedOracle::stored(const SimStream& stream, const StoredMessage& message) {
    const auto space = token(message.subject, 0);
    if (space == "millrace") return head(stream, message);
    if (space == "events") return;
    const bool bypassed = header_value(message.headers, "Millrace-Kind").value_or("") == "bypassed";
    if (bypassed) return bypass(message);
    if (space == "results") return result(message);
    if (space == "$KV") return summary(message);
    check_copies(message);
    if (space == "aggregates") return aggregate(message);
    if (space == "late") return copy(message, "late");
    copy(message, "dead");
}

// Where copies past the model go; empty when events that are not selected come to nothing.
std::string_view OwnedOracle::bypass_space() const {
    switch (plan_.pipeline.bypass.to) {
        case settings::Bypass::To::subject:
            return "bypass";
        case settings::Bypass::To::results:
            return "results";
        default:
            return "";
    }
}

void OwnedOracle::bypass(const StoredMessage& message) {
    const bool says_so = message.payload == R"({"score":null,"bypassed":true})";
    if (says_so != (bypass_space() == "results")) violate("settled_once", "past the model goes " + message.payload);
    check_copies(message);
    copy(message, bypass_space());
}

void OwnedOracle::result(const StoredMessage& message) {
    ++seen_["results"];
    const auto id = std::string(header_value(message.headers, "Nats-Msg-Id").value_or(""));
    if (!by_identity_.try_emplace(id, message.payload).second)
        violate("settled_once", id + " is stored again: " + message.payload);
    if (const auto wrong = scores_.result(message)) violate("settled_once", *wrong);
    if (plan_.pipeline.ordered) in_order(message);
}

// Of everything else on the outputs: one identity, one content.
void OwnedOracle::check_copies(const StoredMessage& message) {
    const auto id = std::string(header_value(message.headers, "Nats-Msg-Id").value_or(""));
    if (id.empty()) return violate("aggregate_once", message.subject + " has no identity");
    if (!committed_.contains(id)) return violate("fenced", "published before it was committed: " + message.payload);
    const auto [known, first] = by_identity_.try_emplace(id, message.payload);
    if (first) return;
    if (known->second != message.payload)
        violate("aggregate_once", id + " is stored with other bytes: " + message.payload);
    violate("aggregate_once", id + " is stored again: " + message.payload);
}

// Whose group it is of, by its headers and its body.
Reference::Key OwnedOracle::key_in(const StoredMessage& message, std::map<std::string, std::string>& body) {
    const auto header = [&](std::string_view name) {
        return std::string(header_value(message.headers, name).value_or(""));
    };
    const auto& aggregates = plan_.pipeline.aggregates;
    const auto found = std::ranges::find(aggregates, header("Millrace-Aggregate"), &Aggregate::name);
    Reference::Key key;
    key.aggregate = static_cast<std::size_t>(found - aggregates.begin());
    key.tenant = header("Millrace-Tenant");
    key.partition = static_cast<Partition>(std::atoi(header("Millrace-Partition").c_str()));
    if (found == aggregates.end()) {
        violate("aggregate_once", "of no aggregate: " + message.payload);
    } else if (!found->group_by.empty()) {
        key.group = body[found->group_by.front()];
    }
    return key;
}

void OwnedOracle::aggregate(const StoredMessage& message) {
    ++seen_["aggregates"];
    auto body = flat_json(message.payload);
    const auto key = key_in(message, body);
    if (violation_) return;
    const auto& of = plan_.pipeline.aggregates[key.aggregate];
    const auto subject =
        "aggregates." + (of.partial ? std::to_string(key.partition) + "." : "") + key.tenant + "." + of.name;
    if (message.subject != subject) return violate("one_tenant", message.payload + " is on " + message.subject);
    const auto id = std::string(*header_value(message.headers, "Nats-Msg-Id"));
    const auto generation = committed_.at(id);
    if (header_value(message.headers, "Millrace-Generation") != std::to_string(generation))
        return violate("aggregate_once", "of another generation than its head: " + message.payload);
    const auto end = time_of(body["window_end"]);
    for (const auto& window : reference_.windows(key)) {
        if (window.end != end) continue;
        const Age age{generation, *end};
        if (auto& newest = newest_[key]; newest.age < age) newest = {age, id};
        return compare(key, window, body, message);
    }
    violate("aggregate_once", "the input does not make this window: " + message.payload);
}

void OwnedOracle::summary(const StoredMessage& message) {
    ++seen_["summaries"];
    auto body = flat_json(message.payload);
    const auto key = key_in(message, body);
    const auto id = std::string(header_value(message.headers, "Millrace-Identity").value_or(""));
    const auto end = time_of(body["window_end"]);
    const auto committed = committed_.find(id);
    if (committed == committed_.end()) return violate("fenced", "put before it was committed: " + message.payload);
    if (token(message.subject, 4) != key.tenant) violate("one_tenant", message.payload + " is on " + message.subject);
    const auto [known, fresh] = key_on_.try_emplace(message.subject, key);
    if (known->second != key) violate("summary", message.subject + " is the key of two groups");
    const auto [entry, first] = entries_.try_emplace(key);
    if (!first && (entry->second.subject != message.subject || fresh))
        violate("summary", "a group has the keys " + entry->second.subject + " and " + message.subject);
    const Age age{committed->second, end.value_or(ServerTime{})};
    if (!first && age <= entry->second.age)
        violate("summary", "goes back from " + entry->second.payload + " to " + message.payload);
    entry->second = {age, message.subject, message.payload};
}

// What does not say what the newest aggregate of its group says.
std::string OwnedOracle::summary_missing() const {
    for (const auto& [key, newest] : newest_) {
        if (plan_.pipeline.aggregates[key.aggregate].kv_bucket.empty()) continue;
        const auto entry = entries_.find(key);
        auto right = by_identity_.at(newest.id);
        right.pop_back();
        right += R"(,"generation":)" + std::to_string(newest.age.generation) + R"(,"identity":")" + newest.id + "\"}";
        if (entry == entries_.end() || entry->second.payload != right)
            return "the summary of " + name_of(key, newest.age.end);
    }
    return {};
}

void OwnedOracle::compare(const Reference::Key& key, const Reference::Window& window,
                          std::map<std::string, std::string>& body, const StoredMessage& message) {
    const auto check = [&](const std::string& name, const std::string& right) {
        if (body[name] != right) violate("aggregate_once", name + " must be " + right + " in " + message.payload);
    };
    if (time_of(body["window_start"]) != window.start) check("window_start", rfc3339_of(window.start));
    check("count", std::to_string(window.events.size()));
    const auto by_place = [](const auto& a, const auto& b) { return a.moment.sequence < b.moment.sequence; };
    const auto [first, last] = std::ranges::minmax_element(window.events, by_place);
    check("first_sequence", std::to_string(first->moment.sequence));
    check("last_sequence", std::to_string(last->moment.sequence));
    for (const auto& select : plan_.pipeline.aggregates[key.aggregate].select) {
        check(select.name, Reference::field(select, window));
    }
    known_as(name_of(key, window.end), message, "aggregate_once");
}

// What is stored under one name has one identity.
void OwnedOracle::known_as(std::string name, const StoredMessage& message, const char* promise) {
    const auto id = std::string(*header_value(message.headers, "Nats-Msg-Id"));
    name = in_generation(committed_.at(id), name);
    const auto [known, first] = identity_of_.try_emplace(name, id);
    if (known->second != id) violate(promise, name + " is stored under two identities");
    for (auto& [partition, lane] : lanes_) lane.due.erase(name);
}

void OwnedOracle::copy(const StoredMessage& message, std::string_view what) {
    ++seen_[std::string(what)];
    const auto sequence = header_value(message.headers, "Millrace-Input-Sequence").value_or("");
    const auto element = header_value(message.headers, "Millrace-Element").value_or("0");
    const auto name = name_of_event(what, sequence, element);
    const auto expected = copies_.find(name);
    if (expected == copies_.end()) return violate("late_once", name + " must not be: " + message.payload);
    if (message.subject != expected->second) violate("one_tenant", name + " is on " + message.subject);
    known_as(name, message, "late_once");
}

// On one subject, each event behind all before it.
void OwnedOracle::in_order(const StoredMessage& message) {
    const auto generation = std::string(header_value(message.headers, "Millrace-Generation").value_or(""));
    auto& last = last_on_[message.subject + " " + generation];
    const auto places = OwnedScores::places_in(message);
    if (places.size() > 1) ++seen_["batches of several results"];
    for (const auto& place : places) {
        if (place <= last) {
            return violate("ordered",
                           name_of_event("event", std::to_string(place.first), std::to_string(place.second)) +
                               " comes after " +
                               name_of_event("event", std::to_string(last.first), std::to_string(last.second)) +
                               " on " + message.subject);
        }
        last = place;
    }
}

// ---- heads ----

void OwnedOracle::head(const SimStream& stream, const StoredMessage& message) {
    Partition partition = 0;
    for (; message.subject != settings::state_subject(plan_.pipeline, partition); ++partition) {
        if (partition == plan_.pipeline.partitions) {
            ++seen_["parts"];
            return;
        }
    }
    const auto read = state::read_head(message.payload);
    if (!read) return violate("monotone", read.error().text);
    const state::Head& head = *read;
    const auto known = heads_.find(partition);
    const auto about = "head " + std::to_string(message.sequence) + " of epoch " + std::to_string(head.epoch);
    ++seen_[head.base == 0 ? "bases" : "deltas"];
    if (head.released) ++seen_["releases"];
    if (known == heads_.end()) {
        if (head.previous != 0 || head.base != 0) violate("monotone", about + " is the first and builds on another");
    } else {
        const Last& before = known->second;
        const bool mine = head.writer == before.head.writer;
        if (head.previous != before.sequence) violate("monotone", about + " does not follow the last head");
        if (head.commit != before.head.commit + 1) violate("monotone", about + " is not the next commit");
        const bool anew = head.generation > before.head.generation;
        if (!anew && (head.floor < before.head.floor || head.clear_to < before.head.clear_to))
            violate("monotone", about + " goes back to " + std::to_string(head.floor));
        if (head.epoch != before.head.epoch + (mine ? 0 : 1)) violate("fenced", about + " is of a wrong epoch");
        if (mine && before.head.released) violate("fenced", about + " comes after its owner has left");
        if (!mine && !before.head.released && scheduler_.now() - before.seen_at < plan_.pipeline.state.lease)
            violate("fenced", about + " was claimed before the lease was over");
    }
    if (head.generation != lanes_[partition].generation || known == heads_.end()) begin(partition, head);
    const auto floor = stored_at_.find(head.floor);
    const bool applied = head.floor != lanes_[partition].begins_behind || head.floor_stored != ServerTime{};
    if (applied && (floor == stored_at_.end() || floor->second != head.floor_stored))
        violate("monotone", about + " has a floor that is no message of the input");
    check_content(stream, partition, head);
    check_chain(stream, head);
    heads_[partition] = {head, message.sequence, message.stored_at, scheduler_.now()};
    Lane& lane = lanes_[partition];
    lane.floor = std::max(lane.floor, head.floor);
    if (plan_.is_scored()) take_settled(partition, head);
}

void OwnedOracle::check_content(const SimStream& stream, Partition partition, const state::Head& head) {
    std::string content = head.content;
    const auto subject = [&](Partition p) { return settings::state_subject(plan_.pipeline, p); };
    for (std::uint32_t part = 0; part < head.parts; ++part) {
        const StoredMessage* found = nullptr;
        for (Partition p = 0; p < plan_.pipeline.partitions && found == nullptr; ++p)
            found = stream.last(state::part_subject(subject(p), head, part));
        if (found == nullptr) return violate("monotone", "a part of a head is not stored before it");
        content += found->payload;
    }
    if (content.size() != head.content_size || digest(content) != head.content_digest)
        return violate("monotone", "the content of a head is not what it says");
    const auto read = state::read_content(content);
    if (!read) return violate("monotone", read.error().text);
    spotter_.stored(partition, head, read->outbox);
    if (!read->outbox.empty()) ++seen_["heads with an outbox"];
    for (const auto& entry : read->outbox) commit(entry, head.generation);
}

void OwnedOracle::commit(const state::OutboxEntry& entry, std::uint32_t generation) {
    if (!committed_.try_emplace(subjects::to_hex(entry.id), generation).second || !plan_.is_scored()) return;
    if (const auto wrong = scores_.committed(entry)) violate("settled_once", *wrong);
    if (plan_.pipeline.ordered) condemned(entry);
}

// A dead letter may go out before the floor is above its event.
void OwnedOracle::condemned(const state::OutboxEntry& entry) {
    const auto reason = header_value(entry.headers, "Millrace-Reason").value_or("");
    if (reason.empty() || reason == "late" || reason == "early") return;
    const auto sequence = std::string(header_value(entry.headers, "Millrace-Input-Sequence").value_or(""));
    const auto element = header_value(entry.headers, "Millrace-Element").value_or("0");
    const auto tenant = tenant_of_.find(std::strtoull(sequence.c_str(), nullptr, 10));
    if (tenant != tenant_of_.end())
        copies_[name_of_event("dead", sequence, element)] = subject_of("dead", tenant->second);
}

// What the head builds on is still there.
void OwnedOracle::check_chain(const SimStream& stream, const state::Head& head) {
    if (head.base == 0) return;
    if (stream.message(head.base) == nullptr || stream.message(head.previous) == nullptr)
        violate("monotone", "what a head builds on was purged");
}

const OwnedOracle::Last* OwnedOracle::last(Partition partition) const {
    const auto found = heads_.find(partition);
    return found == heads_.end() ? nullptr : &found->second;
}

bool OwnedOracle::caught_up() const {
    return std::ranges::all_of(lanes_, [&](const auto& lane) {
        const auto* head = last(lane.first);
        const bool current = lane.second.generation == generation_;
        return current && (lane.second.newest == 0 || (head != nullptr && head->head.floor >= lane.second.newest));
    });
}

// ---- acks and replicas ----

void OwnedOracle::acked(const SimConsumer& consumer, std::uint64_t sequence) {
    const auto of = partition_of_.find(sequence);
    if (of == partition_of_.end()) return violate("covers", consumer.config().name + " acked no message of ours");
    const Lane& lane = lanes_[of->second];
    if (lane.floor < sequence) {
        return violate("covers", "message " + std::to_string(sequence) + " is acked, and the floor stored is " +
                                     std::to_string(lane.floor));
    }
    for (const auto& [name, by] : lane.due) {
        if (by > sequence) continue;
        return violate("acked_after_stored", "message " + std::to_string(sequence) + " is acked before " + name);
    }
}

void OwnedOracle::turned(const std::string& replica, bool connected, const Snapshot& snapshot) {
    if (able_to_work(snapshot) && !connected) violate("no_lying_health", replica + " is able without a connection");
    const auto most = std::size_t{settings::effective_max_ack_pending(plan_.pipeline)} * plan_.pipeline.partitions;
    if (snapshot.open_deliveries > most)
        violate("bounded", replica + " holds " + std::to_string(snapshot.open_deliveries) + " messages");
    if (!snapshot.halt.empty() && snapshot.halt != expected_halt_)
        violate("halted", replica + " halts: " + snapshot.halt + ": " + snapshot.halt_remedy);
}

std::string OwnedOracle::missing(bool idle) const {
    for (const auto& [partition, lane] : lanes_) {
        if (!lane.due.empty()) return lane.due.begin()->first;
    }
    for (const auto& [id, generation] : committed_) {
        if (!by_identity_.contains(id)) return id + " was committed";
    }
    for (const auto& [key, counted] : reference_.counted()) {
        const auto watermark = reference_.watermark(key.partition, key.tenant);
        for (const auto& window : reference_.windows(key)) {
            const auto name = in_generation(lanes_.at(key.partition).generation, name_of(key, window.end));
            if ((idle || window.end < watermark) && !identity_of_.contains(name)) return name;
        }
    }
    return summary_missing();
}

}  // namespace millrace::sim
