#include "bridge/engine/engine.h"

#include <algorithm>
#include <utility>

#include "bridge/base/check.h"

namespace millrace::engine {

namespace {

// An event delivered this often travels alone: it may be what breaks the requests it is in.
constexpr std::uint64_t kAloneFrom = 4;
// A tick is wanted this often even when nothing is due, so that a long time without one shows that the process was
// stopped.
constexpr Duration kTickAtLeast = std::chrono::seconds(1);
// What is given back comes again after this. At once, the server would hand it to our own pull requests that are still
// open, and a process that leaves would take it along until ack_wait is over.
constexpr Duration kGiveBackAfter = std::chrono::seconds(1);

// When what was given back comes again because others need the room.
constexpr BackoffRule kOverItsShare{std::chrono::seconds(5), std::chrono::minutes(1)};

// What a message has on the wire besides its payload, about, and how fast what messages became in memory is forgotten.
constexpr std::size_t kWireOverhead = 100;
constexpr double kExpansionFades = 0.999;
// What may wait in vain before the queue is swept.
constexpr std::size_t kWorthPruning = 1000;
const std::string kNothingScored = "the endpoint: nothing is scored, every event is refused alone";

// A shared consumer's messages are better spread over replicas by small requests; an owner is alone.
std::uint32_t pull_chunk(const settings::Pipeline& pipeline) {
    const std::uint32_t most = settings::is_owned(pipeline) ? 2000 : 500;
    return std::clamp(settings::most_in_hand(pipeline) / (2 * kPullSlots), 1u, most);
}

std::string tell(Partition partition, const std::string& text) {
    return "partition " + std::to_string(partition) + ": " + text;
}

}  // namespace

Engine::Engine(const settings::Pipeline& pipeline, std::vector<Partition> partitions, std::uint64_t seed,
               const Ownership& ownership, bool reads_signature)
    : pipeline_(pipeline),
      routes_(settings::routes(pipeline.endpoint)),
      partitions_(std::move(partitions)),
      puller_(partitions_, pull_chunk(pipeline), seed ^ 1, settings::is_owned(pipeline)),
      // What is delivered again to an owner of a partition is to be applied again.
      ledger_(settings::is_owned(pipeline)
                  ? 0
                  : 2 * std::size_t{settings::effective_max_ack_pending(pipeline)} * partitions_.size()),
      contracts_(reads_signature, routes_),
      recall_(seed ^ 6),
      commit_(pipeline, ledger_, seed ^ 3, settings::is_owned(pipeline) ? &recall_ : nullptr),
      search_(commit_, seed ^ 4),
      rendering_(ownership.rendering),
      max_messages_(std::size_t{settings::most_in_hand(pipeline)} * partitions_.size()),
      random_(seed ^ 5) {
    if (settings::has_audit(pipeline_)) trail_ = std::make_unique<Trail>(ledger_, seed ^ 9);
    if (settings::has_shadow(pipeline_)) shadow_ = std::make_unique<Shadow>(pipeline_.endpoint.shadow, seed ^ 8);
    for (std::size_t route = 0; route < routes_.routes.size(); ++route) {
        for (const std::string& tenant : routes_.routes[route].tenants) route_of_tenant_.emplace(tenant, route);
        askers_.push_back(std::make_unique<Asker>(Asker::Parts{
            pipeline_, routes_, route, partitions_, ledger_, *this, seed ^ 2 ^ (std::uint64_t{route} << 32),
            ownership.have_health, route == 0 ? shadow_.get() : nullptr}));
    }
    if (!settings::is_owned(pipeline)) return;
    MILLRACE_CHECK(ownership.rendering != nullptr, "an engine of owned partitions renders what it commits");
    if (pipeline.ordered) {
        Recall* recall = pipeline.aggregates.empty() ? nullptr : &recall_;
        ordered_ = std::make_unique<OrderedCommit>(pipeline, ledger_, commit_.sink(), search_, recall,
                                                   *ownership.rendering, seed ^ 7);
    }
    for (const Partition p : partitions_) {
        owners_.emplace(
            p, std::make_unique<Owner>(pipeline, p, ownership.fingerprint, *ownership.rendering, random_.next()));
    }
}

void Engine::step(Input&& input, Time now, Effects& out) {
    ledger_.sweep();
    for (auto& [partition, owner] : owners_) owner->sweep();
    // What was published before a long stop may be stored and forgotten by the duplicate window, and what lies in the
    // sockets may be anybody's: look both up before anything is worked on.
    if (ticked_ != Time{} && now - ticked_ > commit_.duplicate_window() / 2) puller_.stopped(ticked_, now);
    if (!is_owned()) expire(now, out);
    const std::size_t before = out.size();
    std::visit([&](auto&& in) { on(std::move(in), now, out); }, std::move(input));
    is_owned() ? hand_over(out) : withhold_acks(now, out, before);
    count_settled(out, std::min(before, out.size()));
}

// ---- the source ----

void Engine::on(Delivered&& in, Time now, Effects& out) {
    if (is_owned()) return deliver_owned(std::move(in), now, out);
    const Partition partition = in.delivery->partition;
    puller_.received(partition, in.slot, in.delivery->payload.size(), now);
    backlog_[partition] = in.delivery->pending;
    note_expansion(*in.delivery);
    Newest& newest = newest_[partition];
    if (in.delivery->stream_sequence < newest.sequence && in.delivery->stored_at > newest.stored_at) {
        // Stored later under a smaller sequence: the bind that will tell of it has not been made yet.
        made_anew(partition, out);
        puller_.rebind(partition, now);
    } else if (in.delivery->stream_sequence > newest.sequence) {
        newest = {in.delivery->stream_sequence, in.delivery->stored_at};
    }
    const std::uint64_t delivered = in.delivery->delivered;
    // It came some time after the last turn, or the one before it was taken from the mailbox: nobody knows when, if the
    // process was stopped in between.
    const Time came = std::min(ticked_, in.not_before);
    const std::size_t route = route_of(*in.delivery);
    Time& none_due = none_due_[partition];
    if (delivered == 1) none_due = came;
    const Ledger::Opened opened = ledger_.open(std::move(in.delivery), came, none_due, route);
    if (opened.standing == Ledger::Standing::settled) {
        out.emplace_back(Ack{opened.delivery});
        return;
    }
    const std::int64_t most = max_deliver_[partition];
    const bool last_chance = most > 0 && delivered >= static_cast<std::uint64_t>(most);
    const auto elements = static_cast<std::uint32_t>(opened.delivery->events.size());
    const auto exhausted = [&] {
        return Verdict{Reason::deliveries_exhausted,
                       "delivery " + std::to_string(delivered) + " of at most " + std::to_string(most),
                       0,
                       {}};
    };
    if (opened.standing == Ledger::Standing::open) {
        // In hand already, and never to come again: whatever becomes of us, its fate must be stored.
        for (std::uint32_t i = 0; last_chance && i < elements; ++i) bury({opened.id, i}, exhausted(), out);
        return;
    }
    if (!puller_.takes(partition)) return let_go(opened.id);  // it comes again after ack_wait
    // It waited for its turn too long; the next step lets go of it.
    if (!ledger_.fresh(opened.id, now, commit_.ack_wait())) return;
    // What open pull requests still bring while draining counts as in hand: given back, it could come to us once more
    // and be taken along when we leave.
    if ((draining_ && now >= drain_deadline_) || !halt_.empty()) {
        out.emplace_back(Nak{opened.delivery, kGiveBackAfter});
        let_go(opened.id);
        return;
    }
    if (elements == 0) {
        ledger_.settle_empty(opened.id);
        out.emplace_back(Ack{opened.delivery});
        return;
    }
    if (most <= 0 && is_over_its_share(route)) return give_back(opened.id, kOverItsShare, out);
    for (std::uint32_t i = 0; i < elements; ++i) {
        const EventRef ref{opened.id, i};
        const Event& event = *ledger_.find(ref);
        const bool is_lost = last_chance && !event.fault && event.selection == Selection::selected &&
                             !search_.place_of(partition, event.id);
        is_lost ? bury(ref, exhausted(), out) : work_on(*opened.delivery, ref, now, out);
    }
}

// One route's events must not take all of the credit while its endpoint does not work. The pipeline's own have what is
// left: they are given back only while they cannot be asked about.
bool Engine::is_over_its_share(std::size_t route) const {
    if (askers_.size() == 1 || ledger_.size_of(route) <= max_messages_ / askers_.size()) return false;
    return route > 0 || askers_[route]->on_hold();
}

void Engine::work_on(const Delivery& delivery, EventRef ref, Time now, Effects& out) {
    const Event& event = delivery.events[ref.element];
    // Of an owned partition that is decided for ever, and copies are published with the commit.
    if (event.selection != Selection::selected && is_owned()) {
        commit_.left_to_others(ref, out);
    } else if (const auto place = search_.place_of(delivery.partition, event.id)) {
        commit_.found(ref, *place, out);
    } else {
        begin(delivery, ref, now, out);
    }
}

void Engine::begin(const Delivery& delivery, EventRef ref, Time now, Effects& out) {
    const Event& event = delivery.events[ref.element];
    if (event.fault) return unfit(ref, event, out);
    if (event.selection == Selection::filtered) return commit_.nothing_to_store(ref, out);
    if (event.selection == Selection::bypassed) return commit_.store(ref);
    queue(delivery, ref, now);
}

void Engine::note_expansion(const Delivery& delivery) {
    const auto wire = static_cast<double>(delivery.payload.size() + kWireOverhead);
    expansion_ = std::max({1.0, expansion_ * kExpansionFades, static_cast<double>(held_bytes(delivery)) / wire});
}

void Engine::queue(const Delivery& delivery, EventRef ref, Time now) {
    if (is_careful() || !trials_.empty()) return trials_.push_back(ref);
    // On other routes events come again for want of room as well.
    ask_for(delivery, ref, delivery.delivered >= kAloneFrom && route_of(delivery) == 0, now);
}

void Engine::ask_for(const Delivery& delivery, EventRef ref, bool alone, Time now) {
    const std::size_t bytes = delivery.events[ref.element].row.size();
    asker_of(delivery).add(delivery.partition, lane_of(delivery), ref, bytes, alone, now);
}

std::size_t Engine::route_of(const Delivery& delivery) const {
    const auto found = route_of_tenant_.find(delivery.tenant);
    return found == route_of_tenant_.end() ? 0 : found->second;
}

void Engine::on(HealthTold&& in, Time now, Effects&) { asker_of(in.id).health_told(in, now); }

void Engine::on(Reintroduced&& in, Time, Effects&) {
    for (auto& asker : askers_) asker->reintroduced(in.address);
}

void Engine::on(Answered&& in, Time now, Effects& out) {
    Asker& asker = asker_of(in.id);
    if (const auto address = asker.address_of(in.id); address && halt_.empty())
        contracts_.answered(*address, in.answer, now);
    halt_.empty() ? asker.answered(std::move(in), now, out) : asker.ignore(in.id);
}

void Engine::on(ShadowAnswered&& in, Time now, Effects& out) {
    if (shadow_) shadow_->answered(std::move(in), now, out);
}

// What does not fit the signature may be the signature's fault: it counts as a verdict, and the ratio is asked.
void Engine::unfit(EventRef ref, const Event& event, Effects& out) {
    const Delivery* const delivery = ledger_.find(ref.delivery);
    if (event.fault->reason != Reason::signature_misfit || delivery == nullptr) return bury(ref, *event.fault, out);
    asker_of(*delivery).misfit(lane_of(*delivery), delivery->partition, ref, *event.fault);
}

void Engine::bury(EventRef ref, Verdict verdict, Effects& out) {
    Event* event = ledger_.find(ref);
    if (event == nullptr || holds(ref)) return;
    event->settlement.verdict = std::move(verdict);
    store(ref, out);
}

bool Engine::holds(EventRef ref) {
    if (trail_ && trail_->holds(ref)) return true;
    return is_ordered(ref) ? ordered_->holds(ref) : commit_.holds(ref);
}

// What no request settled has no trail.
void Engine::store(EventRef ref, Effects& out) {
    const bool was_asked = !ledger_.find(ref)->settlement.request_id.empty();
    if (trail_ && was_asked) return trail_->add(ref);
    commit(ref, out);
}

void Engine::take_told(Effects& out) {
    for (const EventRef ref : trail_->told()) {
        if (!holds(ref)) commit(ref, out);  // somebody else's result may have been found meanwhile
    }
    const std::string& trouble = trail_->sink().trouble();
    if (trouble == trail_trouble_) return;
    trail_trouble_ = trouble;
    out.emplace_back(trouble.empty() ? Note{Level::info, "resumed", "the audit stream takes messages again"}
                                     : Note{Level::warning, "held", trouble});
}

// A verdict of an owned partition is committed before it is published.
void Engine::commit(EventRef ref, Effects& out) {
    const Delivery& delivery = *ledger_.find(ref.delivery);
    const bool is_scored = !ledger_.find(ref)->settlement.verdict;
    if (is_ordered(ref)) {
        // What waits for its turn has its outcome: verdicts on those before it are judged by it.
        if (is_scored) asker_of(delivery).settled(lane_of(delivery));
        return ordered_->store(ref, out);
    }
    is_owned() && !is_scored ? commit_.left_to_others(ref, out) : commit_.store(ref);
}

// What cannot be decided here, where nothing of the tenant was scored, may be where another replica has it. A first
// delivery comes again soon, because the next holder counts on it (commit.h). Jitter, or it might come to the same
// replica for ever.
void Engine::give_back(DeliveryId id, BackoffRule rule, Effects& out) {
    const Delivery* delivery = ledger_.find(id);
    if (delivery == nullptr) return;
    if (delivery->delivered == 1) rule.cap = std::min(rule.cap, commit_.ack_wait() / 2);
    const auto times = static_cast<std::uint32_t>(std::min<std::uint64_t>(delivery->delivered, 16));
    out.emplace_back(Nak{delivery, backoff(rule, times, random_)});
    let_go(id);
}

void Engine::on(PullStatus&& in, Time now, Effects&) {
    if (in.code == 100) none_due_[in.partition] = ticked_;
    puller_.status(in, now);
}

void Engine::on(Bound&& in, Time now, Effects& out) {
    if (is_owned()) return bound_owned(in, now, out);
    if (in.max_deliver == 1) {
        return on(
            BindFailed{
                in.partition,
                Error{ErrorCode::misconfigured,
                      "the consumer has max_deliver 1, which loses a message at the first crash (set it to -1)"}},
            now, out);
    }
    puller_.bound(in.partition, now);
    const auto [created, first] = stream_created_.try_emplace(in.partition, in.stream_created);
    if (!first && std::exchange(created->second, in.stream_created) != in.stream_created) made_anew(in.partition, out);
    none_due_.try_emplace(in.partition, now);
    max_deliver_[in.partition] = in.max_deliver;
    max_input_ = in.max_input;
    commit_.limits(in, now);
    out.emplace_back(Note{Level::info, "bound", tell(in.partition, "consumer and output streams found")});

    // Whoever held the unacked messages may have published for them so long ago that the duplicate window is over.
    const auto quiet_since = puller_.quiet_since(in.partition);
    const Duration ours = quiet_since ? now - *quiet_since : Duration::zero();
    const Duration half = in.duplicate_window / 2;
    if (search_.wants(in.partition)) puller_.block(in.partition);  // asked for by an earlier bind, and not over
    if (in.ack_pending == 0 || (in.idle_for && *in.idle_for <= half && ours <= half)) return;
    Find find;
    find.from_time = in.oldest_unacked;
    if (in.idle_for) {
        const Duration back = std::max(*in.idle_for, ours) + in.ack_wait + in.duplicate_window;
        find.from_time = std::max(find.from_time, in.server_now - back);
    }
    find.input_above = in.ack_floor;
    find.input_to = in.delivered_sequence;
    puller_.block(in.partition);
    search_.want_recovery(in.partition, find);
}

// Another stream under the same name. What is in hand does not belong to it: an ack would count for its own message of
// the same sequence.
void Engine::made_anew(Partition partition, Effects& out) {
    search_.forget_known(partition);
    newest_.erase(partition);
    for (const DeliveryId id : ledger_.ids()) {
        if (ledger_.find(id)->partition == partition) let_go(id);
    }
    out.emplace_back(
        Note{Level::warning, "input_recreated", tell(partition, "the input stream was made anew; starting over")});
}

void Engine::on(BindFailed&& in, Time now, Effects& out) {
    if (in.error.text != bind_trouble_) {
        bind_trouble_ = in.error.text;
        const Level level = in.error.code == ErrorCode::unavailable ? Level::info : Level::warning;
        out.emplace_back(Note{level, "bind_failed", tell(in.partition, in.error.text)});
    }
    if (Owner* owner = owner_of(in.partition)) return owner->bind_failed(in, now);
    puller_.bind_failed(in, now);
}

void Engine::on(SignatureRead&& in, Time now, Effects& out) { contracts_.read(std::move(in), now, out); }

void Engine::on(GotMessage&& in, Time now, Effects& out) {
    if (Owner* owner = owner_of_number(in.number)) return owner->got(in, now, out);
    if (ordered_ && ordered_->got(in, now, out)) return;
    read_back(in, now, out);
}

void Engine::on(Found&& in, Time now, Effects& out) {
    if (Owner* owner = owner_of_number(in.number)) return owner->found(in, now);
    if (const auto partition = search_.found(in, now, out)) {
        if (Owner* owner = owner_of(*partition)) owner->recovered(now);
        puller_.release(*partition, now);
    }
    if (search_.trouble() == search_trouble_) return;
    search_trouble_ = search_.trouble();
    out.emplace_back(search_trouble_.empty() ? Note{Level::info, "resumed", "stored results were looked up"}
                                             : Note{Level::warning, "held", search_trouble_});
}

void Engine::on(Disconnected&& in, Time now, Effects& out) {
    puller_.disconnected(now);
    search_.disconnected(now);
    recall_.disconnected();
    if (ordered_) ordered_->disconnected();
    for (auto& [partition, owner] : owners_) owner->disconnected();
    const std::string why = in.why.empty() ? "" : ": " + in.why;
    out.emplace_back(Note{Level::warning, "disconnected", "the connection to NATS is down" + why + "; reconnecting"});
}

void Engine::on(Reconnected&&, Time now, Effects& out) {
    puller_.reconnected(now);
    out.emplace_back(Note{Level::info, "reconnected", "connected to NATS"});
}

// ---- the outputs ----

void Engine::on(Stored&& in, Time now, Effects& out) {
    if (shadow_ && shadow_->stored(in, out)) return;
    if (trail_ && trail_->stored(in, now)) return take_told(out);
    if (Owner* owner = owner_of_number(static_cast<std::uint64_t>(in.id))) return owner->stored(in, now);
    ordered_ ? ordered_->stored(in, now, out) : commit_.stored(in, now, out);
    if (commit_.sink().trouble() == sink_trouble_) return;
    sink_trouble_ = commit_.sink().trouble();
    out.emplace_back(sink_trouble_.empty() ? Note{Level::info, "resumed", "the output streams take results again"}
                                           : Note{Level::warning, "held", sink_trouble_});
}

// An ack names its message by stream, consumer and sequence. Where the consumer is not surely the one that delivered
// the message, another stream may stand under that name, and the ack would count for a message of its own that nobody
// has settled. Withheld, it is as one that was lost: the message comes again after ack_wait and is acked from memory.
void Engine::withhold_acks(Time now, Effects& out, std::size_t from) {
    const bool stopped = ticked_ != Time{} && now - ticked_ > kPullSilence;
    const auto blind = [&](const Effect& effect) {
        const auto* ack = std::get_if<Ack>(&effect);
        return ack != nullptr && (stopped || !puller_.is_sure_of(ack->delivery->partition, now));
    };
    out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), blind), out.end());
}

void Engine::count_settled(const Effects& out, std::size_t from) {
    for (std::size_t i = from; i < out.size(); ++i) {
        if (const auto* ack = std::get_if<Ack>(&out[i])) search_.forget(*ack->delivery);
        const auto* settled = std::get_if<Settled>(&out[i]);
        if (settled != nullptr && ending_of(*settled->event) == Ending::scored && !ordered_)
            asker_of(*settled->delivery).settled(lane_of(*settled->delivery));
    }
}

// ---- time ----

void Engine::on(Tick&&, Time now, Effects& out) {
    ticked_ = now;
    // When most of them are none of ours any more.
    for (const auto& asker : askers_) {
        if (asker->queued() > 2 * ledger_.events() + kWorthPruning) asker->prune();
    }
    if (draining_ && now >= drain_deadline_ && ledger_.size() > 0) {
        out.emplace_back(Note{Level::warning, "given_back",
                              std::to_string(ledger_.size()) + " messages were not finished in time; they come again"});
        let_go_of_all(out);
    }
    keep_in_progress(now, out);
    if (halt_.empty()) {
        pump_trials(now);
        for (const auto& asker : askers_) {
            if (!contracts_.holds()) asker->judge(now, out);
        }
        commit_verdicts();
        // First, because who has lost a partition publishes nothing more for it.
        pump_owners(now, out);
        contracts_.pump(now, out);
        bar_misfits();
        pump_ordered(now, out);
        for (const auto& asker : askers_) {
            if (!contracts_.pauses()) asker->dispatch(now, out);
        }
        if (trail_) trail_->pump(now, puller_.connected(), out);
        commit_.pump(now, puller_.connected(), out);
        search_.pump(now, puller_.connected(), out);
        recall_.pump(now, puller_.connected(), out);
    }
    puller_.pump(credit(), max_input_, may_pull(), now, commit_.duplicate_window() / 2, out);
}

// Where the only address does not fit, nothing is sent anyway.
void Engine::bar_misfits() {
    if (contracts_.size() < 2) return;
    for (std::size_t r = 0; r < askers_.size(); ++r) {
        // Tenants' own key or deployment at the same addresses; another host has no contract here.
        const std::vector<std::size_t>& addresses = routes_.routes[r].addresses;
        for (std::size_t i = 0; i < contracts_.size() && i < addresses.size(); ++i) {
            if (routes_.addresses[addresses[i]].url == routes_.addresses[i].url)
                askers_[r]->bar(i, contracts_.of(i).pauses(), contracts_.of(i).trouble());
        }
    }
}

void Engine::on(Drain&& in, Time, Effects& out) {
    if (draining_) return;
    draining_ = true;
    for (const auto& asker : askers_) asker->drain();
    drain_deadline_ = in.deadline;
    for (auto& [partition, owner] : owners_) owner->drain(in.deadline);
    out.emplace_back(Note{Level::info, "draining", std::to_string(ledger_.size()) + " messages in hand"});
}

// What was not touched for ack_wait belongs to somebody else by now.
void Engine::expire(Time now, Effects& out) {
    std::size_t count = 0;
    for (auto oldest = ledger_.longest_untouched(); oldest && now - oldest->second >= commit_.ack_wait();
         oldest = ledger_.longest_untouched(), ++count) {
        let_go(oldest->first);
    }
    if (count == 0) return;
    out.emplace_back(Note{Level::warning, "expired",
                          std::to_string(count) + " messages were not touched for ack_wait; they will be redelivered"});
}

void Engine::keep_in_progress(Time now, Effects& out) {
    if (!puller_.connected()) return;
    for (auto oldest = ledger_.longest_untouched(); oldest && now - oldest->second >= commit_.ack_wait() / 3;
         oldest = ledger_.longest_untouched()) {
        const DeliveryId id = oldest->first;
        if (is_owned()) {  // nobody else is given it
            ledger_.touch(id, now);
            continue;
        }
        if (commit_.overstays(id, now)) {
            out.emplace_back(Nak{ledger_.find(id), kGiveBackAfter});
            let_go(id);
            continue;
        }
        out.emplace_back(InProgress{ledger_.find(id)});
        ledger_.touch(id, now);
    }
}

void Engine::let_go(DeliveryId id) {
    const Delivery& delivery = *ledger_.find(id);
    for (std::uint32_t i = 0; i < delivery.events.size(); ++i) {
        commit_.forget({id, i});
        if (trail_) trail_->forget({id, i});
        if (ordered_) ordered_->forget({id, i});
        asker_of(delivery).forget({id, i});
    }
    ledger_.forget(id);
}

void Engine::let_go_of_all(Effects& out) {
    for (const DeliveryId id : ledger_.ids()) {
        if (!is_owned()) out.emplace_back(Nak{ledger_.find(id), kGiveBackAfter});
        let_go(id);
    }
    for (const auto& asker : askers_) asker->clear();
    commit_.clear();
    if (trail_) trail_->clear();
    if (ordered_) ordered_->clear();
    recall_.clear();
    trials_.clear();
    trial_.reset();
}

void Engine::halt(std::string name, std::string remedy, Effects& out) {
    if (!halt_.empty()) return;
    halt_ = std::move(name);
    halt_remedy_ = std::move(remedy);
    out.emplace_back(Note{Level::error, "halted", halt_ + ": " + halt_remedy_});
    let_go_of_all(out);
}

Puller::Credit Engine::credit() const {
    const auto [messages, bytes] = in_hand();
    const std::size_t most = pipeline_.input.max_pending_bytes;
    Puller::Credit credit;
    credit.messages = max_messages_ - std::min(max_messages_, messages);
    credit.bytes = static_cast<std::size_t>(static_cast<double>(most - std::min(most, bytes)) / expansion_);
    // Held, one message at a time is let in, and only when there is nothing else to try the endpoint or the outputs
    // with.
    const auto hesitates = [](const Sink& sink) { return !sink.trouble().empty() || sink.untried(); };
    if (all_of_them(&Asker::wants_little) || hesitates(commit_.sink()) || (trail_ && hesitates(trail_->sink())))
        credit.messages = std::min<std::size_t>(credit.messages, 1);
    return credit;
}

bool Engine::may_pull() const {
    const bool unstored = commit_.size() > 0 || (ordered_ && ordered_->size() > 0);
    const bool refused = !commit_.sink().trouble().empty() && unstored;
    const bool untold = trail_ && !trail_->sink().trouble().empty() && trail_->size() > 0;
    if (draining_ || !halt_.empty() || contracts_.holds() || refused || untold) return false;
    return !all_of_them(&Asker::on_hold) || all_of_them(&Asker::lacks_a_probe);
}

bool Engine::all_of_them(bool (Asker::*is)() const) const {
    return std::ranges::all_of(askers_, [&](const auto& asker) { return ((*asker).*is)(); });
}

// Why nothing is asked at all. Where nothing is in hand, nothing is missing.
std::string Engine::askers_trouble(Time now) const {
    if (ledger_.size() == 0) return "";
    const auto dry = [&](const auto& asker) { return !asker->drought(now).empty(); };
    if (std::ranges::all_of(askers_, dry)) return askers_.front()->drought(now);
    return all_of_them(&Asker::hopeless) ? kNothingScored : "";
}

std::string Engine::askers_complaint() const {
    for (const auto& asker : askers_) {
        if (std::string complaint = asker->complaint(); !complaint.empty()) return complaint;
    }
    return "";
}

const std::string& Engine::lane_of(const Delivery& delivery) const {
    static const std::string mixed;
    return pipeline_.endpoint.mix_tenants && route_of(delivery) == 0 ? mixed : delivery.tenant;
}

Time Engine::next_due() const {
    Time due = puller_.next_due(ticked_);
    const auto consider = [&](Time t) {
        if (t > ticked_) due = std::min(due, t);
    };
    if (const auto oldest = ledger_.longest_untouched()) {
        consider(oldest->second + (puller_.connected() ? commit_.ack_wait() / 3 : commit_.ack_wait()));
    }
    if (puller_.connected()) consider(ticked_ + std::min(kTickAtLeast, commit_.duplicate_window() / 4));
    if (draining_) consider(drain_deadline_);
    if (halt_.empty()) {
        for (const auto& asker : askers_) consider(asker->next_due(ticked_));
        for (const Time t :
             {commit_.next_due(ticked_), search_.next_due(ticked_), recall_.next_due(ticked_), contracts_.next_due()}) {
            consider(t);
        }
        if (ordered_) consider(ordered_->next_due(ticked_));
        if (trail_) consider(trail_->next_due(ticked_));
    }
    if (halt_.empty()) {
        for (const auto& [partition, owner] : owners_) consider(owner->next_due(ticked_));
    }
    return due;
}

Snapshot Engine::snapshot(Time now) const {
    Snapshot s;
    s.at = now;
    s.connected = puller_.connected();
    s.partitions = puller_.partitions();
    s.bound = puller_.bound_count();
    const std::string held = all_of_them(&Asker::on_hold) ? askers_.front()->trouble() : "";
    for (std::string trouble : {puller_.trouble(), search_.trouble(), recall_.trouble(),
                                ordered_ ? std::string(ordered_->trouble()) : std::string(), held, contracts_.trouble(),
                                askers_trouble(now), askers_complaint(), std::string(commit_.sink().complaint()),
                                trail_ ? std::string(trail_->sink().complaint()) : std::string()}) {
        if (s.hold.empty()) s.hold = std::move(trouble);
    }
    s.halt = halt_;
    s.halt_remedy = halt_remedy_;
    s.draining = draining_;
    for (const auto& [partition, pending] : backlog_) s.backlog += pending;
    s.open_deliveries = ledger_.size();
    s.open_bytes = ledger_.bytes();
    for (const auto& asker : askers_) asker->describe(now, s);
    s.publications = commit_.size() + (ordered_ ? ordered_->size() : 0) + (trail_ ? trail_->size() : 0);
    if (is_owned()) describe_owners(s);
    return s;
}

}  // namespace millrace::engine
