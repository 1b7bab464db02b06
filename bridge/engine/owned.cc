// The engine of owned partitions: what is told to which owner, and what the owners' state means for pulling.
#include <algorithm>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/engine/engine.h"

namespace millrace::engine {

namespace {

// The ack_wait of a position's consumer, which is there for one owner and delivers once. Within it what is in hand is
// ours; who was stopped for longer has lost the partition anyway.
constexpr Duration kDeliveredOnce = std::chrono::hours(1);
// So many owners that died while an event was tried alone convict it (SEMANTICS F3).
constexpr std::uint32_t kDeathsOfOne = 3;

}  // namespace

Owner* Engine::owner_of(Partition partition) {
    const auto owner = owners_.find(partition);
    return owner == owners_.end() ? nullptr : owner->second.get();
}

Owner* Engine::owner_of_number(std::uint64_t number) {
    return Numbers::is_owned(number) ? owner_of(Numbers::partition_of(number)) : nullptr;
}

void Engine::deliver_owned(Delivered&& in, Time now, Effects& out) {
    const Partition partition = in.delivery->partition;
    puller_.received(partition, in.slot, in.delivery->payload.size(), now);
    backlog_[partition] = in.delivery->pending;
    note_expansion(*in.delivery);
    Owner* owner = owner_of(partition);
    if (owner == nullptr || !halt_.empty() || !owner->accepts(*in.delivery, now)) return;
    if (!settings::has_endpoint(pipeline_)) return owner->take(std::move(in.delivery));
    const Ledger::Opened opened = ledger_.open(std::move(in.delivery), now);
    MILLRACE_CHECK(opened.standing == Ledger::Standing::fresh, "what an owner accepts is not in hand");
    const Delivery& delivery = *opened.delivery;
    owner->await(delivery, opened.id, ordered_ ? ordered_->seen() : commit_.seen(Output::result));
    if (delivery.events.empty()) {
        ledger_.settle_empty(opened.id);
        out.emplace_back(Ack{&delivery});
    }
    for (std::uint32_t i = 0; i < delivery.events.size(); ++i) {
        const EventRef ref{opened.id, i};
        if (!is_ordered(ref)) {
            work_on(delivery, ref, now, out);
        } else if (owner->is_condemned({delivery.stream_sequence, i})) {
            Settlement& settlement = ledger_.find(ref)->settlement;
            settlement.verdict = Verdict{Reason::rejected, "committed before", 0, {}};
            settlement.told = true;
            commit_.left_to_others(ref, out);
        } else {
            ordered_->expect(ref, out);
        }
    }
}

// An event that is not selected has no place among the results.
bool Engine::is_ordered(EventRef ref) {
    return ordered_ && OrderedCommit::orders(*ledger_.find(ref.delivery)) &&
           ledger_.find(ref)->selection == Selection::selected;
}

void Engine::commit_verdicts() {
    if (!ordered_) return;
    for (const EventRef ref : ordered_->condemned()) {
        const Event* event = ledger_.find(ref);
        if (event == nullptr || !event->settlement.verdict) continue;
        const Delivery& delivery = *ledger_.find(ref.delivery);
        owner_of(delivery.partition)->condemn(ref, delivery, *event);
    }
}

void Engine::pump_ordered(Time now, Effects& out) {
    if (!ordered_) return;
    ordered_->pump(now, puller_.connected(), out);
    for (const EventRef ref : ordered_->cleared()) {
        if (ledger_.find(ref) != nullptr) begin(*ledger_.find(ref.delivery), ref, now, out);
    }
}

// A message of which every event is settled is not acked by itself: its owner applies it, and acks what it has
// committed.
void Engine::hand_over(Effects& out) {
    std::erase_if(out, [this](const Effect& effect) {
        const auto* ack = std::get_if<Ack>(&effect);
        if (ack == nullptr) return false;
        search_.forget(*ack->delivery);
        owner_of(ack->delivery->partition)->settled(ledger_.take_closed(ack->delivery));
        return true;
    });
}

bool Engine::is_careful() const {
    return std::ranges::any_of(owners_, [](const auto& entry) { return entry.second->careful(); });
}

// What came back is noted no more, and what is tried next is, if it has to be, in heads that are stored. Until then
// nothing is asked: whom it killed would count for another event.
bool Engine::all_noted() const {
    return std::ranges::all_of(owners_,
                               [](const auto& entry) { return !entry.second->owns() || entry.second->noted(); });
}

// One event at a time, of any partition: what kills the process must not be in the endpoint's hands while another event
// is noted for it. It is over with an answer that it is not asked again for by and by; what follows is as always.
void Engine::pump_trials(Time now) {
    if (trial_) go_on_with_trial(now);
    while (!trial_ && !trials_.empty()) {
        // Nobody dies of an endpoint that is away, and no event is to be noted all that time.
        if (is_careful() && (!all_of_them(&Asker::idle) || all_of_them(&Asker::on_hold))) return;
        if (!is_careful() && !all_noted()) return;
        const EventRef ref = trials_.front();
        trials_.pop_front();
        if (ledger_.find(ref) != nullptr) begin_trial(ref, now);
    }
}

void Engine::go_on_with_trial(Time now) {
    const Event* event = ledger_.find(trial_->event);
    Owner& owner = *owner_of(trial_->partition);
    if (event != nullptr && !trial_->begun) {
        if (!all_noted()) return;
        trial_->begun = true;
        return ask_for(*ledger_.find(trial_->event.delivery), trial_->event, true, now);
    }
    const bool is_under_way =
        event != nullptr && (event->settlement.attempts == trial_->attempts || !all_of_them(&Asker::idle));
    if (is_under_way) return;
    owner.tried();
    trial_.reset();
}

void Engine::begin_trial(EventRef ref, Time now) {
    const Delivery& delivery = *ledger_.find(ref.delivery);
    if (!is_careful()) return ask_for(delivery, ref, false, now);
    Owner& owner = *owner_of(delivery.partition);
    const EventPlace place{delivery.stream_sequence, ref.element};
    if (const std::uint32_t deaths = owner.deaths_of(place); deaths >= kDeathsOfOne) {
        owner.found_guilty();
        return asker_of(delivery).misfit(lane_of(delivery), delivery.partition, ref,
                                         {Reason::endpoint_crash,
                                          "the bridge itself ended, " + std::to_string(deaths) +
                                              " times in a row, while the endpoint had this event alone",
                                          0,
                                          {}});
    }
    if (owner.careful()) owner.note_try(place);
    trial_ = Trial{ref, delivery.partition, ledger_.find(ref)->settlement.attempts};
}

// What is stored of an event came, or is there no more: then what we know of it counts, or is found out anew.
void Engine::read_back(const GotMessage& got, Time now, Effects& out) {
    const auto ref = recall_.got(got, now);
    Event* event = ref ? ledger_.find(*ref) : nullptr;
    if (event == nullptr) return;
    const bool tells = got.message && rendering_->read_back(*got.message, *ledger_.find(ref->delivery), *event);
    // The owner before has had it scored, and what of the tenant is refused may be waiting for a witness.
    if (tells && !event->settlement.verdict && !event->fault)
        asker_of(*ledger_.find(ref->delivery)).remember(lane_of(*ledger_.find(ref->delivery)), event->row);
    if (tells || !event->settlement.score.empty())
        return is_ordered(*ref) ? ordered_->recalled(*ref, out) : commit_.recalled(*ref, out);
    is_ordered(*ref) ? ordered_->unread(*ref) : commit_.forget(*ref);
    begin(*ledger_.find(ref->delivery), *ref, now, out);
}

void Engine::bound_owned(const Bound& in, Time now, Effects& out) {
    Owner* owner = owner_of(in.partition);
    if (owner == nullptr) return;
    max_input_ = in.max_input;
    Bound limits = in;
    limits.ack_wait = kDeliveredOnce;
    commit_.limits(limits, now);
    if (ordered_) ordered_->limits(in);
    owner->bound(in, now, out);
    if (owner->takes()) puller_.bound(in.partition, now);
}

void Engine::pump_owners(Time now, Effects& out) {
    hand_over(out);
    for (auto& [partition, owner] : owners_) {
        // Its pulls were given up: the consumer is gone, or the connection was.
        if (owner->takes() && !puller_.takes(partition)) owner->reposition();
        owner->pump(now, puller_.connected(), out);
        if (!owner->takes()) puller_.park(partition, now);
        for (const DeliveryId id : owner->given_up()) {
            if (ledger_.find(id) != nullptr) let_go(id);
        }
        if (ordered_) settle_verdicts(partition, *owner, now, out);
        if (auto find = owner->want_recovery()) search_.want_recovery(partition, *find);
        if (owner->halt()) halt(owner->halt()->name, owner->halt()->remedy, out);
    }
}

// A message may have waited for nothing else.
void Engine::settle_verdicts(Partition partition, Owner& owner, Time now, Effects& out) {
    ordered_->owned_as(partition, owner.epoch());
    const auto stored = owner.verdicts_stored();
    if (stored.empty()) return;
    for (const EventRef ref : stored) ordered_->committed(ref, out);
    hand_over(out);
    owner.pump(now, puller_.connected(), out);
}

// Messages, and the bytes they take.
Puller::Credit Engine::in_hand() const {
    if (!is_owned()) return {ledger_.size(), ledger_.bytes()};
    Puller::Credit all;
    for (const auto& [partition, owner] : owners_) {
        all.messages += owner->unacked();
        all.bytes += owner->waiting_bytes();
    }
    return all;
}

void Engine::describe_owners(Snapshot& s) const {
    s.bound = static_cast<std::uint32_t>(
        std::ranges::count_if(owners_, [](const auto& entry) { return entry.second->able(); }));
    const Puller::Credit all = in_hand();
    s.open_deliveries = all.messages;
    s.open_bytes = all.bytes;
    for (const auto& [partition, owner] : owners_) {
        if (s.hold.empty()) s.hold = owner->trouble();
        s.owned += owner->owns() ? 1 : 0;
        s.state_bytes += owner->bytes();
        s.publications += owner->publications();
    }
}

bool Engine::owners_left() const {
    return std::ranges::all_of(owners_, [](const auto& entry) { return entry.second->left(); });
}

}  // namespace millrace::engine
