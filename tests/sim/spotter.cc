#include "tests/sim/spotter.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <variant>

#include "subjects/ack_subject.h"
#include "tests/sim/sim_stream.h"

namespace millrace::sim {
namespace {

constexpr Duration kLate = std::chrono::seconds(5);  // the engine gives an answer up then
constexpr Duration kThrottleShows = std::chrono::milliseconds(500);

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

// ---- requests ----

void Spotter::requested(const std::vector<EventToken>& events, std::size_t in_flight) {
    marks_.hit_if(in_flight > 1, Mark::requests_in_parallel);
    marks_.hit_if(held_, Mark::probed_on_hold);
    const auto most = plan_.pipeline.endpoint.max_batch_count;
    marks_.hit_if(events.size() > 1 && events.size() == most, Mark::batch_full);
    if (throttled_ && in_flight == 1) {
        marks_.hit_if(scheduler_.now() - throttled_at_ >= kThrottleShows, Mark::waited_when_throttled);
        throttled_ = false;
    }
    std::set<std::uint64_t> messages;
    for (const auto& event : events) {
        const auto text = event.text();
        if (const auto where = where_.find(text); where != where_.end()) messages.insert(where->second);
        if (late_.contains(text)) marks_.hit_if(events.size() < late_[text], Mark::timeout_halved_a_batch);
    }
    marks_.hit_if(messages.size() > 1, Mark::batch_of_several_messages);
    if (events.size() != 1) return;
    const auto alone = events.front().text();
    marks_.hit_if(refused_.contains(alone) && refused_[alone] > 1, Mark::batch_split_to_one);
    marks_.hit_if(events.front().tenant == "control", Mark::control_row_asked);
    marks_.hit_if(scored_.contains(alone), Mark::witness_asked);
}

void Spotter::answered(const Exchange& exchange) {
    const bool refused = exchange.outcome == Outcome::rejected || exchange.outcome == Outcome::model_raised ||
                         exchange.outcome == Outcome::contract_broken || exchange.outcome == Outcome::too_large;
    for (const auto& event : exchange.events) {
        const auto text = event.text();
        if (refused) refused_[text] = exchange.events.size();
        if (exchange.outcome == Outcome::scored && event.tenant != "control") scored_.insert(text);
        late_.erase(text);
        if (exchange.outcome == Outcome::timed_out) late_[text] = exchange.events.size();
    }
    if (exchange.outcome == Outcome::throttled) {
        throttled_ = true;
        throttled_at_ = scheduler_.now();
    }
    if (exchange.outcome == Outcome::unauthorized) unauthorized_ = true;
    if (exchange.outcome == Outcome::scored && unauthorized_) {
        marks_.hit(Mark::key_refused_and_mended);
        unauthorized_ = false;
    }
}

// ---- publications ----

void Spotter::publishing(const ports::Publication& publication) {
    const auto identity = std::string(header_value(publication.headers, "Nats-Msg-Id").value_or(""));
    const auto sequence = number(header_value(publication.headers, "Millrace-Input-Sequence").value_or(""));
    const bool again = !messages_[sequence].confirmed.try_emplace(identity, false).second;
    marks_.hit_if(again, Mark::publication_repeated);
    about_[identity] = sequence;
    sent_[publication.id] = {identity, scheduler_.now()};
    const auto kind = header_value(publication.headers, "Millrace-Kind").value_or("");
    marks_.hit_if(kind == "bypassed", Mark::event_bypassed);
    if (publication.output != Output::result && publication.output != Output::bypass) {
        convicted(header_value(publication.headers, "Millrace-Reason").value_or(""));
    }
}

void Spotter::convicted(std::string_view reason) {
    struct Row {
        std::string_view reason;
        Mark mark;
    };
    static constexpr Row kRows[] = {
        {"rejected", Mark::convicted},
        {"too_large", Mark::convicted},
        {"timeout", Mark::convicted_by_timeouts},
        {"endpoint_crash", Mark::convicted_by_crashes},
        {"model_raised", Mark::convicted_as_raising},
        {"contract_broken", Mark::convicted_for_its_answers},
        {"unroutable_tenant", Mark::unroutable_set_aside},
        {"event_too_large", Mark::event_too_large},
        {"result_too_large", Mark::result_too_large},
    };
    const auto* row = std::ranges::find(kRows, reason, &Row::reason);
    marks_.hit(row == std::end(kRows) ? Mark::bad_element_set_aside : row->mark);
}

void Spotter::told(const Stored& stored) {
    const auto sent = sent_.find(stored.id);
    if (sent == sent_.end()) return;
    const bool late = scheduler_.now() - sent->second.at > kLate;
    if (stored.error) {
        marks_.hit(late ? Mark::late_error_ignored : Mark::publication_refused);
        return;
    }
    marks_.hit_if(stored.duplicate, Mark::duplicate_puback);
    const auto sequence = about_[sent->second.identity];
    messages_[sequence].confirmed[sent->second.identity] = true;
    if (late) late_success_ = sequence;
}

void Spotter::finding(const Find& find) {
    const bool own = find.input_to == std::numeric_limits<std::uint64_t>::max();
    marks_.hit(own ? Mark::own_publication_searched : Mark::recovery_search);
}

// ---- deliveries ----

void Spotter::told(const ports::JetStreamArrival& arrival) {
    std::visit([this](const auto& what) { told(what); }, arrival);
}

void Spotter::told(const ports::Message& message) {
    const auto ack = subjects::parse_ack_subject(message.reply);
    if (!ack) return;
    auto& open = messages_[ack->stream_sequence];
    marks_.hit_if(open.deliveries > 0 && !open.acked, Mark::delivered_twice);
    ++open.deliveries;
    open.empty = message.payload.size() <= std::string_view("[]").size();
    open.may_be_filtered = plan_.where != nullptr;
    for (const auto& event : tokens_in(message.payload.bytes())) where_[event.text()] = ack->stream_sequence;
    if (ack->delivered > 1 && !open.acked) marks_.hit(Mark::redelivery_taken);
}

void Spotter::acking(const std::string& ack_subject) {
    const auto ack = subjects::parse_ack_subject(ack_subject);
    if (!ack) return;
    auto& open = messages_[ack->stream_sequence];
    if (open.acked) return marks_.hit(Mark::redelivery_acked_from_memory);
    open.acked = true;
    const auto is_confirmed = [](const auto& publication) { return publication.second; };
    marks_.hit_if(!std::ranges::all_of(open.confirmed, is_confirmed), Mark::publication_found_by_search);
    marks_.hit_if(open.confirmed.size() > 1, Mark::message_of_several_acked);
    marks_.hit_if(late_success_ == ack->stream_sequence, Mark::late_puback_counted);
    if (!open.confirmed.empty()) return;
    marks_.hit(open.empty             ? Mark::empty_message_acked
               : open.may_be_filtered ? Mark::filtered_message_acked
                                      : Mark::recovered_without_asking);
}

void Spotter::told(const PullStatus& status) {
    const auto says = [&](std::string_view words) { return status.description.find(words) != std::string::npos; };
    marks_.hit_if(says("Leadership Change"), Mark::leader_change_seen);
    marks_.hit_if(says("Consumer Deleted"), Mark::consumer_deletion_seen);
    marks_.hit_if(says("Exceeds MaxBytes"), Mark::request_cut_by_bytes);
}

void Spotter::noted(const Note& note) {
    const auto says = [&](std::string_view words) { return note.text.find(words) != std::string::npos; };
    if (note.event == "expired") marks_.hit(Mark::stale_delivery_dropped);
    if (note.event == "input_recreated") {
        marks_.hit(Mark::input_made_anew);
        messages_.clear();
    }
    if (note.event == "held" && says("the endpoint:")) held_ = true;
    if (note.event != "resumed") return;
    marks_.hit_if(says("output streams take"), Mark::outputs_held_and_resumed);
    if (!says("the endpoint")) return;
    marks_.hit_if(held_, Mark::held_and_resumed);
    held_ = false;
}

}  // namespace millrace::sim
