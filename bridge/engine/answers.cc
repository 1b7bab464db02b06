// The engine's dealings with the endpoint: what is sent next, and what an answer does to the events that were asked
// about.
#include <algorithm>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/engine/backoff.h"
#include "bridge/engine/disposition.h"
#include "bridge/engine/engine.h"

namespace millrace::engine {

namespace {

// Transient failures of a batch, with successes elsewhere in between, after which its events are suspected (F3).
constexpr std::uint32_t kStrikes = 3;
// Time-outs at one size after which the batch is halved.
constexpr std::uint32_t kTimeouts = 2;
// Convicted events of one tenant that wait for the ratio; more mean that it will not come right by itself.
constexpr std::size_t kMostOverRatio = Conviction::kWindow;
// Failures of an event alone, after which it is given back where nothing else was scored; the first as probes on hold.
constexpr std::uint32_t kProbesInVain = 2;
constexpr std::uint32_t kTriesInVain = 10;
// When what was given back comes again: an event that got no answer here, one that nobody could witness.
constexpr BackoffRule kAnswerElsewhere{std::chrono::seconds(5), std::chrono::seconds(30)};
constexpr BackoffRule kDecideElsewhere{std::chrono::seconds(30), std::chrono::minutes(5)};

Batch single(const Batch& batch, EventRef event) {
    Batch one;
    one.partition = batch.partition;
    one.tenant = batch.tenant;
    one.suspect = batch.suspect;
    one.events.push_back(event);
    return one;
}

// For notes. The endpoint's own words are left out where they may quote an event.
std::string in_words(const Answer& answer) {
    std::string text(name(answer.outcome));
    if (answer.status != 0) text += " (HTTP " + std::to_string(answer.status) + ")";
    if (disposition(answer.outcome).reaction != Reaction::split && !answer.reason.empty()) text += ": " + answer.reason;
    return text;
}

}  // namespace

// ---- sending ----

void Engine::dispatch(Time now, Effects& out) {
    // Where nothing is in hand, as with a replica that has lost its partitions, nothing is missing either.
    if (std::string said = ledger_.size() > 0 ? drought_.news(now) : std::string(); !said.empty())
        out.emplace_back(Note{Level::warning, "nothing_scored", std::move(said)});
    if (contract_.pauses()) return;
    probe(now, out);
    dispatcher_.call_back(
        [&](const Batch& batch) { return !dispatcher_.on_hold() && conviction_.rests(batch.tenant, now); });
    if (!is_owned()) {
        for (const EventRef event : conviction_.without_witness()) give_back(event.delivery, kDecideElsewhere, out);
    }
    for (Batch& batch : conviction_.again(now)) {
        batch.suspect ? dispatcher_.suspect(std::move(batch)) : dispatcher_.go_first(std::move(batch));
    }
    // Partitions take turns request by request; whose turn it is outlives the step.
    for (std::size_t idle = 0; idle < partitions_.size();) {
        const Partition partition = partitions_[next_partition_];
        next_partition_ = (next_partition_ + 1) % partitions_.size();
        idle = send_one(partition, now, out) ? 0 : idle + 1;
    }
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

// False when the partition has nothing that may go now.
bool Engine::send_one(Partition partition, Time now, Effects& out) {
    if (!dispatcher_.may_send(partition, now)) return false;
    if (auto witness = conviction_.want_witness(now, partition)) {
        ask(*witness, partition, now, out);
        return true;
    }
    auto batch = next_batch(partition, now);
    if (!batch) return false;
    launch(std::move(*batch), Errand::score, {}, now, out);
    return true;
}

// What was tried before goes first, but takes turns with what is new: retries of an event that always fails would
// otherwise keep everything behind them waiting.
std::optional<Batch> Engine::next_batch(Partition partition, Time now) {
    for (;;) {
        std::optional<Batch> batch;
        if (new_one_next_) batch = batcher_.take(partition, now, draining_, UINT32_MAX);
        if (!batch) batch = dispatcher_.next(partition, now);
        if (!batch) batch = batcher_.take(partition, now, draining_, UINT32_MAX);
        if (!batch) return std::nullopt;
        new_one_next_ = !batch->clean() || batch->suspect;
        if (conviction_.rests(batch->tenant, now)) {
            dispatcher_.set_aside(std::move(*batch));
        } else if (conviction_.hopeless(batch->tenant)) {
            conviction_.rest(batch->tenant, now);
            return middle_of(std::move(*batch));
        } else {
            return batch;
        }
    }
}

// One event to try a tenant with whose events were all refused, away from its neighbours: what was bad there may be bad
// in a row. The others wait until one is scored.
Batch Engine::middle_of(Batch&& batch) {
    const auto middle = batch.events.begin() + static_cast<std::ptrdiff_t>(batch.events.size() / 2);
    if (batch.events.size() == 1) return std::move(batch);
    Batch one = single(batch, *middle);
    Batch before = one;
    Batch behind = one;
    before.events.assign(batch.events.begin(), middle);
    behind.events.assign(middle + 1, batch.events.end());
    for (Batch* rest : {&before, &behind}) {
        if (!rest->events.empty()) dispatcher_.set_aside(std::move(*rest));
    }
    return one;
}

// On hold: one real request with one event, whichever is at hand and still ours.
void Engine::probe(Time now, Effects& out) {
    if (!dispatcher_.probe_due(now)) return;
    // An event that is to blame itself tells nothing of the endpoint, so every other probe asks with a row known to be
    // good.
    probe_with_good_row_ = !probe_with_good_row_;
    while (auto batch = any_waiting(now)) {
        std::erase_if(batch->events, [&](EventRef ref) { return ledger_.find(ref) == nullptr; });
        if (batch->events.empty()) continue;
        if (auto good = conviction_.good_row(batch->tenant); good && probe_with_good_row_ && !batch->clean()) {
            const Partition partition = batch->partition;
            dispatcher_.go_first(std::move(*batch));
            return ask(*good, partition, now, out);
        }
        if (batch->events.size() > 1) {
            Batch rest = *batch;
            rest.events.erase(rest.events.begin());
            dispatcher_.go_first(std::move(rest));
            batch->events.resize(1);
        }
        return launch(std::move(*batch), Errand::probe, {}, now, out);
    }
    // Nothing in hand, as when another replica has done it all.
    if (auto good = conviction_.good_row({})) return ask(*good, partitions_.front(), now, out);
    dispatcher_.lapse();
    out.emplace_back(
        Note{Level::info, "untried", "nothing in hand to try the endpoint with; the next event will tell"});
}

std::optional<Batch> Engine::any_waiting(Time now) {
    if (dispatcher_.has_clean()) return dispatcher_.any();
    for (const Partition partition : partitions_) {
        if (auto batch = batcher_.take(partition, now, true, 1)) return batch;
    }
    if (auto batch = dispatcher_.any()) return batch;
    return conviction_.any();
}

void Engine::ask(Conviction::WitnessWanted& witness, Partition partition, Time now, Effects& out) {
    Batch none;
    none.partition = partition;
    none.tenant = std::move(witness.tenant);
    launch(std::move(none), Errand::witness, std::move(witness.row), now, out);
}

void Engine::launch(Batch&& batch, Errand errand, std::string row, Time now, Effects& out) {
    std::erase_if(batch.events, [&](EventRef ref) { return ledger_.find(ref) == nullptr; });
    if (batch.events.empty() && errand != Errand::witness) return;
    Send send;
    send.partition = batch.partition;
    send.refresh_key = std::exchange(refresh_key_, false) || errand == Errand::probe;
    for (const EventRef ref : batch.events) {
        Event& event = *ledger_.find(ref);
        ++event.settlement.attempts;
        send.rows.push_back(event.row);
    }
    Flight flight;
    flight.batch = std::move(batch);
    flight.errand = errand;
    flight.row = std::move(row);
    flight.key_refreshed = send.refresh_key;
    send.id = dispatcher_.launch(std::move(flight), now);
    if (errand == Errand::witness) send.rows.push_back(dispatcher_.row_of(send.id));
    out.emplace_back(std::move(send));
}

// ---- answers ----

void Engine::on(Answered&& in, Time now, Effects& out) {
    auto landed = dispatcher_.land(in.id);
    if (!landed || !halt_.empty()) return;
    Flight& flight = *landed;
    Answer& answer = in.answer;
    contract_.answered(answer, now);
    answer.outcome == Outcome::scored ? drought_.scored() : drought_.unscored(in_words(answer), now);
    std::erase_if(flight.batch.events,
                  [&](EventRef ref) { return answer.outcome != Outcome::scored && ledger_.find(ref) == nullptr; });
    for (const EventRef ref : flight.batch.events) {
        Event* event = ledger_.find(ref);
        if (event == nullptr) continue;
        event->settlement.deployment = answer.deployment;
        event->settlement.request_id = answer.request_id;
    }
    switch (disposition(answer.outcome).reaction) {
        case Reaction::publish:
            dispatcher_.succeeded();
            if (dispatcher_.resume())
                out.emplace_back(Note{Level::info, "resumed", "the endpoint takes requests again"});
            return scored(std::move(flight), std::move(answer), now, out);
        case Reaction::back_off:
            dispatcher_.failed(answer, flight, now);
            if (dispatcher_.on_hold()) hold(in_words(answer), now, out);
            return failed(std::move(flight), answer, now, out);
        case Reaction::split:
            return refused(std::move(flight), answer, now, out);
        case Reaction::hold:
            return misconfigured(std::move(flight), answer, now, out);
    }
}

void Engine::scored(Flight&& flight, Answer&& answer, Time now, Effects& out) {
    const std::size_t rows = flight.errand == Errand::witness ? 1 : flight.batch.events.size();
    MILLRACE_CHECK(answer.scores.size() == rows, "scored means one result per row");
    std::string good_row = flight.row;
    for (std::size_t i = 0; i < flight.batch.events.size(); ++i) {
        Event* event = ledger_.find(flight.batch.events[i]);
        if (event == nullptr || holds(flight.batch.events[i])) continue;
        if (good_row.empty()) good_row = event->row;
        event->settlement.score = std::move(answer.scores[i]);
        store(flight.batch.events[i], out);
    }
    conviction_.scored(flight, answer, good_row, now);
}

void Engine::failed(Flight&& flight, const Answer& answer, Time now, Effects& out) {
    Batch& batch = flight.batch;
    if (flight.errand == Errand::witness) return conviction_.witness_failed(batch.tenant, false, now);
    if (batch.events.empty()) return;
    ++batch.failures;
    const bool counts = answer.outcome != Outcome::throttled;
    const bool others_pass = batch.strikes == 0 || dispatcher_.successes() > batch.success_mark;
    if (counts && others_pass) ++batch.strikes;
    if (counts) batch.success_mark = dispatcher_.successes();
    if (answer.outcome == Outcome::timed_out) ++batch.timeouts;
    const bool alone = flight.alone();
    // Nothing was scored here that could tell whether the endpoint is to blame or this very event: somebody else may
    // know.
    const std::uint32_t in_vain = flight.errand == Errand::probe ? kProbesInVain : kTriesInVain;
    if (!is_owned() && alone && counts && batch.failures >= in_vain && !others_pass &&
        !conviction_.good_row(batch.tenant))
        return give_back(batch.events.front().delivery, kAnswerElsewhere, out);
    if (counts && batch.suspect && alone)
        return conviction_.accuse(std::move(flight), answer, dispatcher_.last_launched());
    if (batch.strikes >= kStrikes) {
        batch.suspect = true;
        batch.strikes = 0;
        if (!alone) return split(std::move(batch));
        return dispatcher_.suspect(std::move(batch));
    }
    const bool too_slow = batch.timeouts >= kTimeouts;
    const bool known_bad = counts && batch.suspect;
    // Nothing else was scored meanwhile: a row known to be good is to tell whether the endpoint is to blame, and where
    // there is none, halving.
    const bool nobody_knows = counts && !others_pass && !conviction_.doubt(batch.tenant);
    if (!alone && (too_slow || known_bad || nobody_knows)) return split(std::move(batch));
    dispatcher_.retry(std::move(batch), answer.outcome, now);
}

void Engine::refused(Flight&& flight, const Answer& answer, Time now, Effects& out) {
    if (pipeline_.endpoint.on_rejected == settings::OnRejected::fail) {
        return halt("on_rejected",
                    "the endpoint answered " + in_words(answer) +
                        ", and on_rejected is fail: correct the events or the endpoint, then restart (or set "
                        "on_rejected: isolate)",
                    out);
    }
    // Whatever was wrong with how we ask, the endpoint takes our requests again and judges what is in them.
    if (dispatcher_.on_hold()) {
        dispatcher_.lapse();
        out.emplace_back(
            Note{Level::info, "untried", "the endpoint refuses an event, not us; the next ones will tell"});
    }
    if (flight.errand == Errand::witness) {
        conviction_.witness_failed(flight.batch.tenant, true, now);
        // The endpoint refuses what it took before, and has taken nothing since: it is to blame.
        if (dispatcher_.successes() == flight.successes_before) conviction_.despair(flight.batch.tenant, now);
        return;
    }
    if (flight.batch.events.empty()) return;
    const std::string tenant = flight.batch.tenant;
    if (!flight.alone()) {
        split(std::move(flight.batch));
    } else {
        conviction_.accuse(std::move(flight), answer, dispatcher_.last_launched());
    }
    if (conviction_.hopeless(tenant)) conviction_.rest(tenant, now);
}

void Engine::misconfigured(Flight&& flight, const Answer& answer, Time now, Effects& out) {
    if (flight.errand == Errand::witness) conviction_.witness_failed(flight.batch.tenant, false, now);
    // The key may have been rotated: it is read again before the next request, and that one's answer counts.
    const bool old_key = answer.outcome == Outcome::unauthorized && !flight.key_refreshed;
    if (old_key) refresh_key_ = true;
    if (!flight.batch.events.empty()) dispatcher_.go_first(std::move(flight.batch));
    if (!old_key || dispatcher_.on_hold()) hold(in_words(answer), now, out);
}

// Halves travel next, first half first, and are split again in turn. One event that is left of several travels as it
// is.
void Engine::split(Batch&& batch) {
    if (batch.events.size() == 1) return dispatcher_.go_first(std::move(batch));
    const auto middle = batch.events.begin() + static_cast<std::ptrdiff_t>(batch.events.size() / 2);
    Batch first = single(batch, batch.events.front());
    Batch second = first;
    first.events.assign(batch.events.begin(), middle);
    second.events.assign(middle, batch.events.end());
    if (batch.suspect) {
        dispatcher_.suspect(std::move(first));
        dispatcher_.suspect(std::move(second));
    } else {
        dispatcher_.go_first(std::move(second));
        dispatcher_.go_first(std::move(first));
    }
}

void Engine::hold(std::string why, Time now, Effects& out) {
    const bool news = dispatcher_.hold_reason() != why;
    if (news) out.emplace_back(Note{Level::warning, "held", "the endpoint: " + why + "; everything is kept, probing"});
    dispatcher_.hold(std::move(why), now);
    conviction_.held(now);
}

// ---- verdicts ----

// What does not fit the signature may be the signature's fault: it counts as a verdict, and the ratio is asked.
void Engine::unfit(EventRef ref, const Event& event, Effects& out) {
    const Delivery* const delivery = ledger_.find(ref.delivery);
    if (event.fault->reason != Reason::signature_misfit || delivery == nullptr) return bury(ref, *event.fault, out);
    Batch one;
    one.partition = delivery->partition;
    one.tenant = lane_of(*delivery);
    one.events.push_back(ref);
    conviction_.misfit(std::move(one), *event.fault);
}

void Engine::bury(EventRef ref, Verdict verdict, Effects& out) {
    Event* event = ledger_.find(ref);
    if (event == nullptr || holds(ref)) return;
    event->settlement.verdict = std::move(verdict);
    store(ref, out);
}

bool Engine::holds(EventRef ref) { return is_ordered(ref) ? ordered_->holds(ref) : commit_.holds(ref); }

// A verdict of an owned partition is committed before it is published.
void Engine::store(EventRef ref, Effects& out) {
    const bool is_scored = !ledger_.find(ref)->settlement.verdict;
    if (is_ordered(ref)) {
        // What waits for its turn has its outcome: verdicts on those before it are judged by it.
        if (is_scored) conviction_.settled(lane_of(*ledger_.find(ref.delivery)), false);
        return ordered_->store(ref, out);
    }
    is_owned() && !is_scored ? commit_.left_to_others(ref, out) : commit_.store(ref);
}

void Engine::judge(Time, Effects& out) {
    if (contract_.holds()) return;
    for (Conviction::Case& one : conviction_.convicted()) bury(one.batch.events.front(), std::move(one.verdict), out);
    if (conviction_.over_ratio() < kMostOverRatio) return;
    halt("dead_letter_ratio",
         "more of a tenant's events are refused than max_dead_letter_ratio allows: correct the model or the events, or "
         "raise "
         "endpoint.max_dead_letter_ratio, then restart" +
             (conviction_.complaint().empty() ? "" : "; " + conviction_.complaint()),
         out);
}

}  // namespace millrace::engine
