#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/engine/asker.h"
#include "bridge/engine/backoff.h"
#include "bridge/engine/disposition.h"

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

Ways ways_of(const settings::Pipeline& pipeline, const settings::Routes& routes, std::size_t route, bool have_health) {
    Ways ways{pipeline.endpoint.selection, {}, route, routes.routes.size(), have_health};
    for (const std::size_t address : routes.routes[route].addresses)
        ways.weights.push_back(routes.addresses[address].weight);
    return ways;
}

// What a request may hold in bytes of rows, where its tokens are told by them.
std::uint64_t most_bytes(const settings::Endpoint& endpoint) {
    if (endpoint.max_batch_tokens == 0) return endpoint.max_batch_bytes;
    const double of_tokens = std::floor(endpoint.max_batch_tokens * endpoint.bytes_per_token);
    return std::min(endpoint.max_batch_bytes, static_cast<std::uint64_t>(of_tokens));
}

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

Asker::Asker(const Parts& parts)
    : pipeline_(parts.pipeline),
      routes_(parts.routes),
      route_(parts.routes.routes[parts.route]),
      partitions_(parts.partitions),
      is_owned_(settings::is_owned(parts.pipeline)),
      ledger_(parts.ledger),
      keeper_(parts.keeper),
      shadow_(parts.shadow),
      batcher_({pipeline_.endpoint.max_batch_count, most_bytes(pipeline_.endpoint), pipeline_.endpoint.max_batch_wait}),
      dispatcher_(pipeline_.endpoint.parallel_requests_per_partition, partitions_.size(), parts.seed,
                  ways_of(pipeline_, routes_, parts.route, parts.have_health)),
      conviction_(pipeline_.endpoint.max_dead_letter_ratio, pipeline_.endpoint.control) {}

void Asker::clear() {
    batcher_.clear();
    dispatcher_.clear();
    conviction_.clear();
}

Time Asker::next_due(Time now) const {
    return std::min({batcher_.next_due(now), dispatcher_.next_due(now), conviction_.next_due(now)});
}

void Asker::describe(Time now, Snapshot& s) const {
    s.queued_events += batcher_.size() + dispatcher_.waiting();
    s.in_flight += dispatcher_.in_flight();
    s.concurrency_limit += dispatcher_.limit();
    s.accused += conviction_.size();
    for (std::size_t i = 0; i < dispatcher_.addresses(); ++i) {
        const Breaker& one = dispatcher_.breaker(i);
        s.addresses.push_back({through_all_routes(i), one.state(now), one.reason(), one.limit(), one.in_flight()});
    }
}

std::string Asker::named(std::size_t address) const {
    if (routes_.addresses.size() == 1) return "the endpoint";
    return "the endpoint at " + routes_.addresses[through_all_routes(address)].url;
}

// ---- sending ----

void Asker::dispatch(Time now, Effects& out) {
    // Where nothing is in hand, as with a replica that has lost its partitions, nothing is missing either.
    if (std::string said = ledger_.size() > 0 ? drought_.news(now) : std::string(); !said.empty())
        out.emplace_back(Note{Level::warning, "nothing_scored", std::move(said)});
    probe(now, out);
    while (const auto check = dispatcher_.want_check(now))
        out.emplace_back(CheckHealth{check->first, through_all_routes(check->second)});
    dispatcher_.call_back(
        [&](const Batch& batch) { return !dispatcher_.on_hold() && conviction_.rests(batch.tenant, now); });
    if (!is_owned_) {
        for (const EventRef event : conviction_.without_witness())
            keeper_.give_back(event.delivery, kDecideElsewhere, out);
    }
    for (std::size_t i = 0; i < dispatcher_.addresses(); ++i) {
        if (!dispatcher_.breaker(i).may_be_waited_for(now) && dispatcher_.others_work(i)) conviction_.left(i);
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

// False when the partition has nothing that may go now.
bool Asker::send_one(Partition partition, Time now, Effects& out) {
    if (!dispatcher_.may_send(partition, now)) return false;
    const auto admits = [&](std::size_t address) { return dispatcher_.admits(address, now); };
    if (auto witness = conviction_.want_witness(now, partition, admits)) {
        ask(*witness, partition, now, out);
        return true;
    }
    auto batch = next_batch(partition, now);
    if (!batch) return false;
    const std::size_t address = *dispatcher_.address_for(*batch, now);
    launch(std::move(*batch), Errand::score, {}, address, now, out);
    return true;
}

// Of two tenants the one that had less of the endpoint's time. Of one tenant what was tried before goes first, but
// takes turns with what is new: retries of an event that always fails would otherwise keep everything behind them
// waiting.
std::optional<Batch> Asker::next_batch(Partition partition, Time now) {
    const auto address = dispatcher_.address_for({}, now);
    const bool takes_new = address.has_value();
    const std::uint64_t most_bytes = takes_new ? dispatcher_.ceiling(*address).bytes() : Ceiling::kNone;
    for (;;) {
        std::optional<Batch> batch;
        if (takes_new && is_new_ones_turn(partition, now, most_bytes))
            batch = batcher_.take(partition, now, draining_, UINT32_MAX, most_bytes);
        if (!batch) batch = dispatcher_.next(partition, now, batcher_.turns());
        if (!batch && takes_new) batch = batcher_.take(partition, now, draining_, UINT32_MAX, most_bytes);
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

bool Asker::is_new_ones_turn(Partition partition, Time now, std::uint64_t most_bytes) {
    const Turns& turns = batcher_.turns();
    const std::string* const fresh = batcher_.next_tenant(partition, now, draining_, most_bytes);
    const std::string* const waiting = dispatcher_.next_tenant(partition, now, turns);
    if (fresh == nullptr || waiting == nullptr || *fresh == *waiting) return new_one_next_;
    const Duration of_fresh = turns.had(*fresh);
    const Duration of_waiting = turns.had(*waiting);
    return of_fresh == of_waiting ? new_one_next_ : of_fresh < of_waiting;
}

// One event to try a tenant with whose events were all refused, away from its neighbours: what was bad there may be bad
// in a row. The others wait until one is scored.
Batch Asker::middle_of(Batch&& batch) {
    const auto middle = batch.events.begin() + static_cast<std::ptrdiff_t>(batch.events.size() / 2);
    if (batch.events.size() == 1) return std::move(batch);
    Batch one = single(batch, *middle);
    one.tried = batch.tried;
    Batch before = one;
    Batch behind = one;
    before.events.assign(batch.events.begin(), middle);
    behind.events.assign(middle + 1, batch.events.end());
    for (Batch* rest : {&before, &behind}) {
        if (!rest->events.empty()) dispatcher_.set_aside(std::move(*rest));
    }
    return one;
}

// To one that is out: one real request with one event, whichever is at hand and still ours. Where others work, with a
// row known to be good: no event need wait for it.
void Asker::probe(Time now, Effects& out) {
    const auto address = dispatcher_.probe_due(now);
    if (!address) return;
    if (!dispatcher_.on_hold()) {
        const auto free = std::ranges::find_if(partitions_, [&](Partition p) { return dispatcher_.has_slot(p); });
        auto good = conviction_.good_row({});
        if (free == partitions_.end() || !good) return;
        good->address = *address;
        return ask(*good, *free, now, out);
    }
    // Requests of before are still on their way, or a probe of another address: what lands next brings us here again.
    if (!std::ranges::all_of(partitions_, [&](Partition p) { return dispatcher_.has_slot(p); })) return;
    // An event that is to blame itself tells nothing of the endpoint, so every other probe asks with a row known to be
    // good.
    probe_with_good_row_ = !probe_with_good_row_;
    while (auto batch = any_waiting(now)) {
        std::erase_if(batch->events, [&](EventRef ref) { return ledger_.find(ref) == nullptr; });
        if (batch->events.empty()) continue;
        if (auto good = conviction_.good_row(batch->tenant); good && probe_with_good_row_ && !batch->clean()) {
            const Partition partition = batch->partition;
            dispatcher_.go_first(std::move(*batch));
            good->address = *address;
            return ask(*good, partition, now, out);
        }
        if (batch->events.size() > 1) {
            Batch rest = *batch;
            rest.events.erase(rest.events.begin());
            dispatcher_.go_first(std::move(rest));
            batch->events.resize(1);
        }
        return launch(std::move(*batch), Errand::probe, {}, *address, now, out);
    }
    // Nothing in hand, as when another replica has done it all.
    if (auto good = conviction_.good_row({})) {
        good->address = *address;
        return ask(*good, partitions_.front(), now, out);
    }
    dispatcher_.lapse();
    out.emplace_back(
        Note{Level::info, "untried", "nothing in hand to try the endpoint with; the next event will tell"});
}

std::optional<Batch> Asker::any_waiting(Time now) {
    if (dispatcher_.has_clean()) return dispatcher_.any();
    for (const Partition partition : partitions_) {
        if (auto batch = batcher_.take(partition, now, true, 1)) return batch;
    }
    if (auto batch = dispatcher_.any()) return batch;
    return conviction_.any();
}

void Asker::ask(Conviction::WitnessWanted& witness, Partition partition, Time now, Effects& out) {
    Batch none;
    none.partition = partition;
    none.tenant = std::move(witness.tenant);
    launch(std::move(none), Errand::witness, std::move(witness.row), witness.address, now, out);
}

void Asker::launch(Batch&& batch, Errand errand, std::string row, std::size_t address, Time now, Effects& out) {
    std::erase_if(batch.events, [&](EventRef ref) { return ledger_.find(ref) == nullptr; });
    if (batch.events.empty() && errand != Errand::witness) return;
    Send send;
    send.partition = batch.partition;
    send.address = through_all_routes(address);
    send.refresh_key = refresh_keys_.erase(address) > 0 || errand == Errand::probe;
    for (const EventRef ref : batch.events) {
        Event& event = *ledger_.find(ref);
        ++event.settlement.attempts;
        send.rows.push_back(event.row);
    }
    Flight flight;
    flight.batch = std::move(batch);
    flight.errand = errand;
    flight.address = address;
    for (const std::string_view sent : send.rows) flight.bytes += sent.size();
    flight.row = std::move(row);
    flight.key_refreshed = send.refresh_key;
    flight.charged = batcher_.turns().launched(flight.batch.tenant);
    send.id = dispatcher_.launch(std::move(flight), now);
    if (errand == Errand::witness) send.rows.push_back(dispatcher_.row_of(send.id));
    out.emplace_back(std::move(send));
}

// ---- answers ----

void Asker::answered(Answered&& in, Time now, Effects& out) {
    auto landed = dispatcher_.land(in.id);
    if (!landed) return;
    Flight& flight = *landed;
    Answer& answer = in.answer;
    batcher_.turns().landed(flight.batch.tenant, flight.charged, now - flight.started);
    answer.outcome == Outcome::scored ? drought_.scored() : drought_.unscored(in_words(answer), now);
    std::erase_if(flight.batch.events,
                  [&](EventRef ref) { return answer.outcome != Outcome::scored && ledger_.find(ref) == nullptr; });
    for (const EventRef ref : flight.batch.events) {
        Event* event = ledger_.find(ref);
        if (event == nullptr || keeper_.holds(ref)) continue;  // what is told of it already stays true
        event->settlement.deployment = answer.deployment;
        event->settlement.request_id = answer.request_id;
        event->settlement.address = through_all_routes(flight.address);
        event->settlement.status = answer.status;
    }
    if (answer.outcome != Outcome::scored) flight.batch.came_back_from(flight.address);
    learn(flight, answer.outcome, out);
    switch (disposition(answer.outcome).reaction) {
        case Reaction::publish:
            dispatcher_.succeeded(flight.address);
            resume(flight.address, out);
            return scored(std::move(flight), std::move(answer), now, out);
        case Reaction::back_off:
            dispatcher_.failed(answer, flight, now);
            if (dispatcher_.is_out(flight.address)) hold(in_words(answer), flight.address, now, out);
            return failed(std::move(flight), answer, now, out);
        case Reaction::split:
            return refused(std::move(flight), answer, now, out);
        case Reaction::hold:
            return misconfigured(std::move(flight), answer, now, out);
    }
}

// What a request may hold, from one that was scored or too large. Of one event there is nothing to make smaller.
void Asker::learn(const Flight& flight, Outcome outcome, Effects& out) {
    Ceiling& ceiling = dispatcher_.ceiling(flight.address);
    if (outcome == Outcome::scored) return ceiling.scored(flight.bytes);
    if (outcome != Outcome::too_large || flight.alone()) return;
    const bool news = ceiling.bytes() == Ceiling::kNone;
    ceiling.too_large(flight.bytes);
    if (!news) return;
    out.emplace_back(Note{Level::info, "request_too_large",
                          named(flight.address) + " refuses a request with " + std::to_string(flight.bytes) +
                              " bytes of rows as too large; the next ones have " + std::to_string(ceiling.bytes()) +
                              " at most"});
}

void Asker::scored(Flight&& flight, Answer&& answer, Time now, Effects& out) {
    const std::size_t rows = flight.errand == Errand::witness ? 1 : flight.batch.events.size();
    MILLRACE_CHECK(answer.scores.size() == rows, "scored means one result per row");
    std::string good_row = flight.row;
    Shadow::Scored together;
    for (std::size_t i = 0; i < flight.batch.events.size(); ++i) {
        Event* event = ledger_.find(flight.batch.events[i]);
        if (event == nullptr || keeper_.holds(flight.batch.events[i])) continue;
        if (good_row.empty()) good_row = event->row;
        event->settlement.score = std::move(answer.scores[i]);
        const Delivery* const delivery = ledger_.find(flight.batch.events[i].delivery);  // it may be settled with it
        keeper_.store(flight.batch.events[i], out);
        if (shadow_ != nullptr) together.emplace_back(delivery, event);
    }
    if (shadow_ != nullptr) shadow_->scored(std::move(together), now, out);
    conviction_.scored(flight, answer, good_row, now);
}

void Asker::failed(Flight&& flight, const Answer& answer, Time now, Effects& out) {
    Batch& batch = flight.batch;
    if (flight.errand == Errand::witness) return conviction_.witness_failed(batch.tenant, false, now, flight.address);
    if (batch.events.empty()) return;
    ++batch.failures;
    const bool counts = answer.outcome != Outcome::throttled;
    const bool others_pass = batch.strikes == 0 || dispatcher_.last_success(flight.address) > batch.success_mark;
    if (counts && others_pass) ++batch.strikes;
    if (counts) batch.success_mark = dispatcher_.successes();
    if (answer.outcome == Outcome::timed_out) ++batch.timeouts;
    const bool alone = flight.alone();
    // Nothing was scored here that could tell whether the endpoint is to blame or this very event: somebody else may
    // know.
    const std::uint32_t in_vain = flight.errand == Errand::probe ? kProbesInVain : kTriesInVain;
    if (!is_owned_ && alone && counts && batch.failures >= in_vain && !others_pass &&
        !conviction_.good_row(batch.tenant))
        return keeper_.give_back(batch.events.front().delivery, kAnswerElsewhere, out);
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
    const bool nobody_knows = counts && !others_pass && !conviction_.doubt(batch.tenant, flight.address);
    if (!alone && (too_slow || known_bad || nobody_knows)) return split(std::move(batch));
    dispatcher_.retry(std::move(batch), answer.outcome, now);
}

void Asker::refused(Flight&& flight, const Answer& answer, Time now, Effects& out) {
    if (pipeline_.endpoint.on_rejected == settings::OnRejected::fail) {
        return keeper_.halt("on_rejected",
                            "the endpoint answered " + in_words(answer) +
                                ", and on_rejected is fail: correct the events or the endpoint, then restart (or set "
                                "on_rejected: isolate)",
                            out);
    }
    // Whatever was wrong with how we ask, the endpoint takes our requests again and judges what is in them.
    if (dispatcher_.is_out(flight.address) && !dispatcher_.on_hold()) {
        hold("refuses what is taken elsewhere", flight.address, now, out);
    } else if (dispatcher_.on_hold()) {
        dispatcher_.lapse();
        out.emplace_back(
            Note{Level::info, "untried", "the endpoint refuses an event, not us; the next ones will tell"});
    }
    if (flight.errand == Errand::witness) {
        conviction_.witness_failed(flight.batch.tenant, true, now, flight.address);
        // The endpoint refuses what was taken before, and has taken nothing since: it is to blame.
        if (dispatcher_.last_success(flight.address) > flight.successes_before) return;
        if (!dispatcher_.others_work(flight.address)) return conviction_.despair(flight.batch.tenant, now);
        return hold("refuses a row that was scored before", flight.address, now, out);
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

void Asker::misconfigured(Flight&& flight, const Answer& answer, Time now, Effects& out) {
    if (flight.errand == Errand::witness) conviction_.witness_failed(flight.batch.tenant, false, now, flight.address);
    // The key may have been rotated: it is read again before the next request, and that one's answer counts.
    const bool old_key = answer.outcome == Outcome::unauthorized && !flight.key_refreshed;
    if (old_key) refresh_keys_.insert(flight.address);
    if (!flight.batch.events.empty()) dispatcher_.go_first(std::move(flight.batch));
    if (!old_key || dispatcher_.is_out(flight.address)) hold(in_words(answer), flight.address, now, out);
}

// Halves travel next, first half first, and are split again in turn. One event that is left of several travels as it
// is.
void Asker::split(Batch&& batch) {
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

void Asker::hold(std::string why, std::size_t address, Time now, Effects& out) {
    const bool news = dispatcher_.breaker(address).hold_reason() != why;
    const std::string text = named(address) + ": " + why;
    dispatcher_.hold(std::move(why), now, address);
    if (!dispatcher_.on_hold()) {
        conviction_.left(address);
        if (news) out.emplace_back(Note{Level::warning, "address_out", text + "; the others go on, probing"});
        return;
    }
    conviction_.held(now, address);
    if (news) out.emplace_back(Note{Level::warning, "held", text + "; everything is kept, probing"});
}

void Asker::resume(std::size_t address, Effects& out) {
    const bool was_held = dispatcher_.on_hold();
    if (!dispatcher_.resume(address)) return;
    out.emplace_back(was_held ? Note{Level::info, "resumed", named(address) + " takes requests again"}
                              : Note{Level::info, "address_in", named(address) + " takes requests again"});
}

void Asker::reintroduced(std::size_t address) {
    const auto found = std::ranges::find(route_.addresses, address);
    if (found != route_.addresses.end())
        dispatcher_.probe_soon(static_cast<std::size_t>(found - route_.addresses.begin()));
}

// ---- verdicts ----

void Asker::misfit(const std::string& lane, Partition partition, EventRef event, Verdict verdict) {
    Batch one;
    one.partition = partition;
    one.tenant = lane;
    one.events.push_back(event);
    conviction_.misfit(std::move(one), std::move(verdict));
}

void Asker::judge(Time, Effects& out) {
    for (Conviction::Case& one : conviction_.convicted())
        keeper_.bury(one.batch.events.front(), std::move(one.verdict), out);
    if (conviction_.over_ratio() < kMostOverRatio) return;
    keeper_.halt(
        "dead_letter_ratio",
        "more of a tenant's events are refused than max_dead_letter_ratio allows: correct the model or the events, or "
        "raise "
        "endpoint.max_dead_letter_ratio, then restart" +
            (conviction_.complaint().empty() ? "" : "; " + conviction_.complaint()),
        out);
}

}  // namespace millrace::engine
