#include "tests/sim/oracle.h"

#include <algorithm>
#include <set>
#include <utility>

#include "subjects/identity.h"

namespace millrace::sim {
namespace {

std::optional<Reason> reason_named(std::string_view text) {
    const auto found = std::ranges::find(kReasonNames, text);
    if (found == kReasonNames.end()) return std::nullopt;
    return static_cast<Reason>(found - kReasonNames.begin());
}

// What a protocol puts around its rows, at most.
constexpr std::size_t kAroundRows = 200;

// Whether an answer of this outcome, to the event alone, is evidence for the reason.
bool supports(Outcome outcome, Reason reason) {
    switch (reason) {
        case Reason::rejected:
            return outcome == Outcome::rejected;
        case Reason::too_large:
            return outcome == Outcome::too_large;
        case Reason::model_raised:
            return outcome == Outcome::model_raised;
        case Reason::contract_broken:
            return outcome == Outcome::contract_broken;
        case Reason::timeout:
            return outcome == Outcome::timed_out;
        case Reason::endpoint_crash:
            return outcome == Outcome::unreachable || outcome == Outcome::failed;
        default:
            return false;
    }
}

// An answer to the event alone that says something about it, or may.
bool is_adverse(Outcome outcome) {
    return outcome != Outcome::scored && outcome != Outcome::throttled && outcome != Outcome::unauthorized &&
           outcome != Outcome::misconfigured;
}

// A row of the event's tenant, or the control row, scored in a request sent after the evidence came back.
bool is_witness(const Exchange& exchange, const Exchange& evidence, const std::string& tenant, bool mixed) {
    const auto of_tenant = [&](const EventToken& token) {
        return mixed || token.tenant == tenant || token.tenant == "control";
    };
    return exchange.outcome == Outcome::scored && exchange.url == evidence.url && exchange.sent >= evidence.answered &&
           (evidence.deployment.empty() || exchange.deployment == evidence.deployment) &&
           std::ranges::any_of(exchange.events, of_tenant);
}

bool decided_by_endpoint(Reason reason) {
    return reason == Reason::rejected || reason == Reason::too_large || reason == Reason::model_raised ||
           reason == Reason::contract_broken || reason == Reason::timeout || reason == Reason::endpoint_crash;
}

}  // namespace

void Oracle::published(const SimStream& stream, std::uint64_t sequence, std::vector<Planned> events) {
    const auto& subject = stream.at(sequence).subject;
    const Partition partition = plan_.pipeline.partitions > 1 && subject.starts_with("events.1.") ? 1 : 0;
    const auto& message = stream.at(sequence);
    largest_message_ = std::max<std::uint64_t>(largest_message_, message.payload.size());
    auto& of_message = by_sequence_[sequence];
    for (std::uint32_t element = 0; element < events.size(); ++element) {
        const auto id = subjects::event_identity({plan_.pipeline.name, plan_.pipeline.generation, stream.config().name,
                                                  message.stored_at, sequence, element});
        const auto index = events_.size();
        if (events[element].token) by_token_[events[element].token->text()] = index;
        const auto& refused = plan_.tenants.back();
        const bool must_end = !plan_.permanent.refused_tenant || events[element].tenant != refused;
        events_.push_back(
            {std::move(events[element]), {partition, sequence, stream.created()}, element, must_end, {}, {}, 0});
        if (is_filtered(events_.back())) events_.back().must_end = false;
        unsettled_ += events_.back().must_end ? 1 : 0;
        by_identity_[subjects::to_hex(id)] = index;
        of_message.push_back(index);
    }
}

void Oracle::input_gone() {
    for (auto& known : events_) known.must_end = false;
    unsettled_ = 0;
    by_sequence_.clear();
}

Oracle::Known* Oracle::find(const std::vector<Header>& headers) {
    const auto id = header_value(headers, "Nats-Msg-Id");
    const auto found = by_identity_.find(std::string(id.value_or("")));
    if (found != by_identity_.end()) return &events_[found->second];
    violate("settled_once", "published under the identity '" + std::string(id.value_or("")) + "', which no event has");
    return nullptr;
}

void Oracle::stored(const SimStream& stream, const StoredMessage& message) {
    if (stream.config().name == plan_.pipeline.input.stream) return;
    if (stream.config().name == kShadowStream) return check_difference(message);
    if (stream.config().name == kAuditStream) return audited(message);
    auto* known = find(message.headers);
    if (known == nullptr) return;
    if (is_filtered(*known)) return violate("settled_once", name_of(*known) + " is filtered out and stored");
    const bool is_result = message.subject == subject_of(*known, well_output(*known));
    const auto output = known->planned.tenant.empty() ? Output::unroutable : Output::dead_letter;
    if (!is_result && message.subject != subject_of(*known, output)) {
        return violate("one_tenant",
                       name_of(*known) + " of tenant '" + known->planned.tenant + "' went to " + message.subject);
    }
    const auto kind = is_result ? well_output(*known) : output;
    if (++known->copies == 1) {
        unsettled_ -= known->must_end ? 1 : 0;
    } else if (message.stored_at - known->stored_at < plan_.duplicate_window) {
        return violate("settled_once", name_of(*known) + " is stored twice within the duplicate window");
    } else {
        ++stored_again_;
        stored_as_both_ += *known->stored == kind ? 0 : 1;
        trace_.line("oracle", name_of(*known) + " stored again, beyond the duplicate window");
        if (plan_.strict) return violate("stored_once", name_of(*known) + " is stored twice");
    }
    known->stored = kind;
    known->stored_at = message.stored_at;
    check_trail(*known, message);
    if (!is_result) return check_dead_letter(*known, message);
    known->planned.selected ? check_result(*known, message) : check_bypassed(*known, message);
}

// Each group of it is of one tenant's events, by the identities they have.
void Oracle::audited(const StoredMessage& message) {
    audits_[message.sequence] = message.payload;
    constexpr std::string_view kGroup = "{\"tenant\":\"";
    constexpr std::size_t kDigits = 32;
    std::string_view rest = message.payload;
    for (std::size_t at = rest.find(kGroup); at != std::string_view::npos; at = rest.find(kGroup)) {
        rest.remove_prefix(at + kGroup.size());
        const std::string_view tenant = rest.substr(0, rest.find('"'));
        const std::string_view group = rest.substr(0, rest.find('}'));
        std::string_view ids = group.substr(group.find("\"results\":[") + std::string_view("\"results\":[").size());
        for (; ids.size() > kDigits; ids.remove_prefix(std::min(ids.size(), kDigits + 3))) {
            const auto known = by_identity_.find(std::string(ids.substr(1, kDigits)));
            if (known == by_identity_.end() || events_[known->second].planned.tenant != tenant)
                return violate("traced", "an audit message tells of " + std::string(ids.substr(1, kDigits)) +
                                             " as of tenant " + std::string(tenant));
        }
    }
}

void Oracle::check_trail(const Known& known, const StoredMessage& message) {
    const auto request = header_value(message.headers, "Millrace-Request-Id");
    if (!settings::has_audit(plan_.pipeline) || !request) return;
    const auto sequence = header_value(message.headers, "Millrace-Audit-Sequence");
    const auto audit = audits_.find(sequence ? std::stoull(std::string(*sequence)) : 0);
    const auto says = [&](std::string_view what) { return audit->second.contains("\"" + std::string(what) + "\""); };
    // That a result is too large turns out behind the request.
    const bool is_cut = header_value(message.headers, "Millrace-Reason") == name(Reason::result_too_large);
    if (audit == audits_.end() || !says(*request) || !says(header_value(message.headers, "Nats-Msg-Id").value_or("")) ||
        (!is_cut && !says(message.subject)))
        violate("traced",
                name_of(known) + " is stored, and no audit message tells of request " + std::string(*request));
}

bool Oracle::is_filtered(const Known& known) const {
    return !known.planned.selected && plan_.pipeline.bypass.to == settings::Bypass::To::nowhere;
}

Output Oracle::well_output(const Known& known) const {
    const bool apart = !known.planned.selected && plan_.pipeline.bypass.to == settings::Bypass::To::subject;
    return apart ? Output::bypass : Output::result;
}

// The event itself, or what says that it has no score.
void Oracle::check_bypassed(const Known& known, const StoredMessage& message) {
    const auto kind = header_value(message.headers, "Millrace-Kind").value_or("none");
    const bool among_results = plan_.pipeline.bypass.to == settings::Bypass::To::results;
    const bool says_so = message.payload.starts_with(R"({"score":null,"bypassed":true)");
    const auto is_own = [&](const EventToken& token) { return known.planned.token && token == *known.planned.token; };
    const auto tokens = tokens_in(message.payload);
    const bool is_whole = among_results || !known.planned.token || known.planned.largest || !tokens.empty();
    if (kind != "bypassed" || says_so != among_results || !is_whole || !std::ranges::all_of(tokens, is_own))
        violate("settled_once", name_of(known) + " goes past the model as " + message.payload.substr(0, 200));
}

// It tells of an event of the tenant, both scores are of that event, and it is nothing that settles it.
void Oracle::check_difference(const StoredMessage& message) {
    ++differences_;
    const std::string id(header_value(message.headers, "Nats-Msg-Id").value_or(""));
    constexpr std::string_view kBehind = "-shadow";
    const auto found = by_identity_.find(id.substr(0, id.size() - std::min(id.size(), kBehind.size())));
    if (!id.ends_with(kBehind) || found == by_identity_.end())
        return violate("settled_once", "a difference under the identity '" + id + "'");
    const Known& known = events_[found->second];
    if (message.subject != "shadow." + known.planned.tenant + ".trips") {
        return violate("one_tenant", "a difference of " + name_of(known) + " of tenant '" + known.planned.tenant +
                                         "' went to " + message.subject);
    }
    const auto tokens = tokens_in(message.payload);
    const auto is_own = [&](const EventToken& token) { return known.planned.token && token == *known.planned.token; };
    if (tokens.empty() || !std::ranges::all_of(tokens, is_own))
        violate("batch_integrity", "the difference of " + name_of(known) + " is " + message.payload.substr(0, 200));
}

void Oracle::check_result(const Known& known, const StoredMessage& message) {
    if (!known.planned.token || known.planned.unfit) {
        return violate("batch_integrity", name_of(known) + " cannot be scored and has a result");
    }
    const auto echoed = tokens_in(message.payload);
    const auto is_own = [&](const EventToken& token) { return token == *known.planned.token; };
    if (echoed.empty() || !std::ranges::all_of(echoed, is_own)) {
        violate("batch_integrity", name_of(known) + " has the result " + message.payload.substr(0, 200));
    }
}

void Oracle::check_dead_letter(const Known& known, const StoredMessage& message) {
    const auto text = std::string(header_value(message.headers, "Millrace-Reason").value_or("none"));
    ++reasons_[text];
    const auto reason = reason_named(text);
    const auto foreign = [&](const EventToken& token) { return !known.planned.token || token != *known.planned.token; };
    if (known.planned.unfit ? reason != known.planned.unfit : !reason) {
        violate("conviction", name_of(known) + " is dead for the reason " + text);
    } else if (known.planned.token && std::ranges::any_of(tokens_in(message.payload), foreign)) {
        violate("batch_integrity", "the dead letter of " + name_of(known) + " holds " + message.payload.substr(0, 200));
    }
}

void Oracle::acked(std::uint64_t sequence) {
    for (const auto index : by_sequence_[sequence]) {
        if (events_[index].stored || is_filtered(events_[index])) continue;
        return violate("acked_after_stored", "message " + std::to_string(sequence) + " is acked, but " +
                                                 name_of(events_[index]) + " is not stored");
    }
}

void Oracle::arrived(Memory& memory, const Place& place) { memory.touched[place] = scheduler_.now(); }

// The newest stream of that name is meant.
void Oracle::progressed(Memory& memory, Partition partition, std::uint64_t sequence) {
    auto touched = memory.touched.upper_bound({partition, sequence, ServerTime::max()});
    if (touched == memory.touched.begin()) return;
    --touched;
    if (touched->first.partition != partition || touched->first.sequence != sequence) return;
    if (scheduler_.now() - touched->second <= plan_.pipeline.input.ack_wait) touched->second = scheduler_.now();
}

void Oracle::publishing(const Memory& memory, const ports::Publication& publication) {
    const auto* known = find(publication.headers);
    if (known == nullptr) return;
    const auto touched = memory.touched.find(known->place);
    if (touched == memory.touched.end()) {
        return violate("fresh", memory.name + " publishes " + name_of(*known) + ", which it never received");
    }
    if (scheduler_.now() - touched->second > plan_.pipeline.input.ack_wait) {
        return violate("fresh",
                       memory.name + " publishes " + name_of(*known) + " of a delivery not touched for ack_wait");
    }
    if (publication.output == Output::result || publication.output == Output::bypass) return;
    const auto reason = reason_named(header_value(publication.headers, "Millrace-Reason").value_or(""));
    if (reason) check_conviction(memory, *known, *reason);
}

void Oracle::check_conviction(const Memory& memory, const Known& known, Reason reason) {
    if (known.planned.unfit || !known.planned.token) return;  // the reason is checked when it is stored
    const bool is_bulky = known.planned.token->kind == Kind::bulky || known.planned.largest;
    if (reason == Reason::result_too_large && is_bulky) return;
    if (reason == Reason::event_too_large && plan_.pipeline.endpoint.max_batch_bytes < 1000) return;
    if (!decided_by_endpoint(reason)) {
        return violate("conviction", name_of(known) + " becomes a dead letter: " + std::string(name(reason)));
    }
    std::vector<const Exchange*> evidence;
    for (const auto& exchange : memory.exchanges) {
        const bool alone = exchange.events.size() == 1 && exchange.events.front() == *known.planned.token;
        if (alone && is_adverse(exchange.outcome)) evidence.push_back(&exchange);
    }
    // An answer to an earlier delivery may come last.
    std::ranges::stable_sort(evidence, {}, &Exchange::sent);
    if (evidence.size() < 2 || !supports(evidence.back()->outcome, reason)) {
        return violate("conviction", name_of(known) + " is convicted (" + std::string(name(reason)) + ") on " +
                                         std::to_string(evidence.size()) + " answers to it alone");
    }
    // Answers of two addresses do not add up.
    std::erase_if(evidence, [&](const Exchange* one) { return one->url != evidence.back()->url; });
    if (evidence.size() < 2) {
        return violate("conviction", name_of(known) + " is convicted (" + std::string(name(reason)) +
                                         ") on one answer of " + evidence.back()->url);
    }
    // An answer, a success of somebody else, and the last answer, in this order: the endpoint was well in between.
    const auto is_before_witness = [&](const Exchange* earlier) {
        return std::ranges::any_of(memory.exchanges, [&](const Exchange& exchange) {
            return is_witness(exchange, *earlier, known.planned.tenant, plan_.pipeline.endpoint.mix_tenants) &&
                   exchange.answered <= evidence.back()->sent;
        });
    };
    if (std::ranges::none_of(evidence, is_before_witness)) {
        violate("conviction", name_of(known) + " is convicted (" + std::string(name(reason)) + ") without a witness");
    }
}

void Oracle::answered(Memory& memory, const Exchange& exchange) {
    memory.exchanges.push_back(exchange);
    memory.exchanges.back().answered = scheduler_.now();
    if (exchange.retry_after) {
        Time& not_before = memory.not_before[exchange.url];
        not_before = std::max(not_before, scheduler_.now() + *exchange.retry_after);
    }
}

void Oracle::requested(const Memory& memory, const ports::HttpRequest& request, const std::vector<EventToken>& events,
                       std::size_t in_flight) {
    const auto& endpoint = plan_.pipeline.endpoint;
    const auto most = plan_.pipeline.partitions * endpoint.parallel_requests_per_partition *
                      (1 + static_cast<std::uint32_t>(endpoint.tenants.size()));
    if (in_flight > most) {
        violate("in_flight", memory.name + " has " + std::to_string(in_flight) + " requests in flight, more than " +
                                 std::to_string(most));
    }
    if (events.size() > endpoint.max_batch_count) {
        violate("bounded", memory.name + " sends " + std::to_string(events.size()) + " rows");
    }
    if (events.size() > 1 && request.body.size() > endpoint.max_batch_bytes + kAroundRows + 2 * events.size()) {
        violate("bounded", memory.name + " sends " + std::to_string(request.body.size()) + " bytes");
    }
    const auto not_before = memory.not_before.find(request.url);
    if (not_before != memory.not_before.end() && scheduler_.now() < not_before->second) {
        violate("patient", memory.name + " sends a request before the time the endpoint named");
    }
    std::set<std::string> tenants;
    for (const auto& token : events) {
        tenants.insert(token.tenant);
        if (token.tenant != "control" && !by_token_.contains(token.text())) {
            violate("batch_integrity", memory.name + " sends the unknown row " + token.text());
        } else if (token.tenant != "control" && !events_[by_token_.at(token.text())].planned.selected) {
            violate("settled_once", memory.name + " asks the model about " + token.text() + ", which is not selected");
        }
    }
    check_address(memory, request.url, tenants);
    if (tenants.size() > 1 && !endpoint.mix_tenants) {
        violate("one_tenant", memory.name + " sends rows of " + *tenants.begin() + " and " + *tenants.rbegin());
    }
}

void Oracle::copied(const Memory& memory, const ports::HttpRequest& request, const std::vector<EventToken>& events,
                    std::size_t in_flight) {
    const auto& endpoint = plan_.pipeline.endpoint;
    if (in_flight > endpoint.shadow.parallel_requests)
        violate("in_flight", memory.name + " has " + std::to_string(in_flight) + " copies in flight");
    if (request.body.size() > endpoint.max_batch_bytes + kAroundRows + 2 * events.size() && events.size() > 1)
        violate("bounded", memory.name + " copies " + std::to_string(request.body.size()) + " bytes");
    std::set<std::string> tenants;
    for (const auto& token : events) {
        tenants.insert(token.tenant);
        if (!by_token_.contains(token.text()))
            violate("batch_integrity", memory.name + " copies the unknown row " + token.text());
    }
    if (tenants.size() > 1 && !endpoint.mix_tenants)
        violate("one_tenant", memory.name + " copies rows of " + *tenants.begin() + " and " + *tenants.rbegin());
    check_address(memory, request.url, tenants);  // those of a tenant with an endpoint of its own go nowhere else
}

// What goes to a tenant's own endpoint is its own, and all of it goes there.
void Oracle::check_address(const Memory& memory, const std::string& url, const std::set<std::string>& tenants) {
    for (const auto& entry : plan_.pipeline.endpoint.tenants) {
        for (const auto& tenant : tenants) {
            const bool has_own = std::ranges::find(entry.names, tenant) != entry.names.end();
            if (tenant == "control" || has_own == (url == entry.address.url)) continue;
            violate("one_tenant", memory.name + " sends rows of " + tenant + " to " + url);
        }
    }
}

void Oracle::turned(const Memory& memory, const Snapshot& snapshot) {
    const auto& p = plan_.pipeline;
    const auto most = std::uint64_t{settings::effective_max_ack_pending(p)} * p.partitions;
    if (snapshot.open_deliveries > most) {
        violate("bounded", memory.name + " holds " + std::to_string(snapshot.open_deliveries) + " deliveries");
    }
    // Asked for is what messages are on the wire, held what they take in memory, which is more; and a message may be
    // larger than what is left, once per pull request.
    constexpr std::uint64_t kHeldOfAByte = 20;
    const auto wire = p.input.max_pending_bytes +
                      std::uint64_t{kPullSlots} * p.partitions * std::max<std::uint64_t>(largest_message_, 4096);
    const auto bytes = p.input.max_pending_bytes + kHeldOfAByte * wire;
    if (snapshot.open_bytes > bytes) {
        violate("bounded", memory.name + " holds " + std::to_string(snapshot.open_bytes) + " bytes");
    }
    if (!memory.connected && able_to_work(snapshot)) {
        violate("no_lying_health", memory.name + " says it is able to work without a connection");
    }
}

void Oracle::violate(std::string invariant, std::string text) {
    if (violation_) return;
    trace_.line("VIOLATION", invariant + ": " + text);
    violation_ = Violation{std::move(invariant), std::move(text)};
}

std::string Oracle::subject_of(const Known& known, Output output) const {
    if (output == Output::unroutable) return plan_.pipeline.dead_letter.unroutable_subject;
    if (known.planned.tenant.empty()) return {};
    const char* const space = output == Output::result ? "results." : output == Output::bypass ? "bypass." : "dead.";
    return space + known.planned.tenant + ".trips";
}

std::string Oracle::name_of(const Known& known) {
    std::string name = "event " + std::to_string(known.place.sequence) + "/" + std::to_string(known.element);
    if (known.planned.token) name += " " + known.planned.token->text();
    if (known.planned.unfit) name += " (" + std::string(millrace::name(*known.planned.unfit)) + ")";
    return name;
}

std::vector<Oracle::Open> Oracle::open_events() const {
    std::vector<Open> open;
    for (const auto& known : events_) {
        if (known.must_end && !known.stored)
            open.push_back({name_of(known), known.place.sequence, known.planned.token});
    }
    return open;
}

bool Oracle::is_refused(std::uint64_t sequence) const {
    const auto found = by_sequence_.find(sequence);
    if (found == by_sequence_.end() || !plan_.permanent.refused_tenant) return false;
    return std::ranges::any_of(found->second,
                               [this](std::size_t n) { return events_[n].planned.tenant == plan_.tenants.back(); });
}

}  // namespace millrace::sim
