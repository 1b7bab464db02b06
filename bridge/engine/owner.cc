// How an owner works: apply, commit, publish, ack; and stop when it is no owner any more.
#include "bridge/engine/owner.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/settings/outputs.h"

namespace millrace::engine {

namespace {

constexpr Duration kAnswerWithin = std::chrono::seconds(30);
constexpr Duration kToHandOver = std::chrono::seconds(2);
// With so many messages a commit costs next to nothing beside them, and need not wait for its time.
constexpr std::uint64_t kWorthACommit = 256;

}  // namespace

Owner::Owner(const settings::Pipeline& pipeline, Partition partition, Digest fingerprint, const Rendering& rendering,
             std::uint64_t seed)
    : pipeline_(pipeline),
      partition_(partition),
      fingerprint_(fingerprint),
      rendering_(rendering),
      subject_(settings::state_subject(pipeline, partition)),
      random_(seed),
      numbers_(partition),
      reading_(partition, numbers_, seed ^ 1),
      chain_(subject_),
      checkpoint_(subject_, numbers_, seed ^ 2, pipeline.state.lease),
      outbox_(pipeline, numbers_, seed ^ 3) {}

// ---- what comes in ----

void Owner::disconnected() {
    reading_.disconnected();
    checkpoint_.disconnected();
    outbox_.disconnected();
    input_asked_ = false;
    if (phase_ == Phase::surveying) due_ = {};
    reposition();
}

// What was received in order is still applied; there is just nobody left to ack it to.
void Owner::reposition() {
    place_ = Standing::away;
    position_due_ = {};
    received_ = acked_ = 0;
    applied_ack_ = floor_ack_ = {};
}

void Owner::bound(const Bound& bound, Time now, Effects& out) {
    if (bound.position) {
        if (*bound.position != position_ || place_ != Standing::asked || !owns()) return;
        failures_ = 0;
        trouble_.clear();
        bound_ = bound;
        if (!still_fits(bound, applied_.sequence, std::max(clear_to_, applied_.sequence), now, out)) return;
        place_ = Standing::there;
        recovered_up_to_ = std::min(recovered_up_to_, bound.input_last_sequence);
        received_at_ = now;
        received_sequence_ = applied_.sequence;
        out.emplace_back(
            tell(Level::info, "positioned", "takes messages from " + std::to_string(position_.start_sequence) + " on"));
    } else if (phase_ == Phase::surveying) {
        surveyed(bound, now);
    } else if (input_asked_) {
        input_looked_at(bound, now, out);
    }
}

void Owner::stored(const Stored& stored, Time now) {
    if (!checkpoint_.stored(stored, now)) outbox_.stored(stored, now);
}

void Owner::found(const Found& found, Time now) { outbox_.found(found, now); }

void Owner::got(const GotMessage& got, Time now, Effects& out) {
    if (outbox_.got(got, now) || !reading_.got(got, now)) return;
    switch (std::exchange(asker_, Asker::nobody)) {
        case Asker::nobody:
            return;
        case Asker::look:
            return saw(got, now, out);
        case Asker::floor:
            return check_floor(got);
        case Asker::chain:
            return chain(got, now);
        case Asker::acked:
            return check_acked(got);
        case Asker::verify:
            return verify(got, now, out);
        case Asker::commit:
            return checkpoint_.last(got);
        case Asker::server_time:
            return server_time(got);
        case Asker::input:
            return nothing_above(got, now);
    }
}

bool Owner::accepts(const Delivery& delivery, Time now) {
    // Behind what an owner that leaves has given up nothing may be applied.
    if (!takes()) return false;
    // A gap is a delivery that was lost on the way: what lies behind it must not be applied before it. And a consumer
    // that goes back delivers again: after its ack_wait, or because a server forgot what it had delivered.
    if (delivery.consumer_sequence != received_ + 1 || delivery.stream_sequence <= received_sequence_) {
        reposition();
        return false;
    }
    received_ = delivery.consumer_sequence;
    received_sequence_ = delivery.stream_sequence;
    received_at_ = now;
    backlog_ = delivery.pending;
    return true;
}

void Owner::take(std::unique_ptr<Delivery> delivery) {
    await(*delivery, DeliveryId{}, 0);
    waiting_.back().delivery = std::move(delivery);
}

void Owner::await(const Delivery& delivery, DeliveryId id, std::uint64_t result_base) {
    const bool perhaps_scored_before = delivery.stream_sequence <= recovered_up_to_;
    newest_base_ = perhaps_scored_before ? recovered_base_ : result_base;
    waiting_.push_back({nullptr, id, delivery.stream_sequence, held_bytes(delivery), newest_base_});
    waiting_bytes_ += waiting_.back().bytes;
}

void Owner::settled(std::unique_ptr<Delivery> delivery) {
    const auto place = std::ranges::lower_bound(waiting_, delivery->stream_sequence, {}, &Waiting::sequence);
    MILLRACE_CHECK(place != waiting_.end() && place->sequence == delivery->stream_sequence, "only what is awaited");
    place->delivery = std::move(delivery);
}

void Owner::condemn(EventRef event, const Delivery& delivery, const Event& record) {
    applier_->condemn(delivery, record);
    verdicts_.push_back(event);
}

std::optional<Find> Owner::want_recovery() {
    if (recovery_ != Recovery::wanted) return std::nullopt;
    recovery_ = Recovery::asked;
    Find find;
    find.from_sequence = {recovered_base_ + 1};  // results, which come first, and nothing else
    find.input_above = applied_.sequence;
    find.input_to = std::numeric_limits<std::uint64_t>::max();
    return find;
}

void Owner::recovered(Time now) {
    if (recovery_ != Recovery::asked) return;
    recovery_ = Recovery::done;
    position_due_ = now;
}

std::uint32_t Owner::deaths_of(EventPlace place) const {
    const auto known = std::ranges::find(tried_, place, &state::Tried::place);
    return known == tried_.end() ? 0 : known->times;
}

void Owner::note_try(EventPlace place) {
    const auto known = std::ranges::find(tried_, place, &state::Tried::place);
    known == tried_.end() ? tried_.push_back({place, 1}) : void(++known->times);
    trying_ = place;
    ++survived_[place];
}

void Owner::tried() {
    if (trying_ && careful_for_ > 0) --careful_for_;
    if (trying_) std::erase_if(tried_, [&](const state::Tried& each) { return each.place == *trying_; });
    trying_.reset();
}

// What was in a request with it may be of its kind.
void Owner::found_guilty() { careful_for_ = std::min<std::size_t>(careful_for_, pipeline_.endpoint.max_batch_count); }

// What waits behind a message that is awaited cannot be applied either.
void Owner::let_go_of_waiting(bool all) {
    const auto from =
        all ? waiting_.begin() : std::ranges::find_if(waiting_, [](const Waiting& each) { return !each.delivery; });
    if (from != waiting_.end()) newest_base_ = from->result_base;  // what was published of it is still to be found
    for (auto each = from; each != waiting_.end(); ++each) {
        waiting_bytes_ -= each->bytes;
        each->delivery ? spent_.push_back(std::move(each->delivery)) : given_up_.push_back(each->id);
    }
    waiting_.erase(from, waiting_.end());
}

std::uint64_t Owner::result_base() const {
    if (!waiting_.empty()) return waiting_.front().result_base;
    return applied_.sequence < recovered_up_to_ ? recovered_base_ : newest_base_;
}

std::vector<std::uint64_t> Owner::out_base() const {
    std::vector<std::uint64_t> base = outbox_.seen();
    if (settings::has_endpoint(pipeline_)) base.at(index(Output::result)) = result_base();
    return base;
}

void Owner::drain(Time deadline) {
    leaving_ = true;
    leave_by_ = deadline;
}

// ---- time ----

void Owner::pump(Time now, bool connected, Effects& out) {
    if (phase_ == Phase::left || halt_) return;
    if (leaving_ && (!(owns() || phase_ == Phase::claiming) || now >= leave_by_)) {
        phase_ = Phase::left;
        return;
    }
    // Handing over takes a moment; what has no result by then is the next owner's.
    if (leaving_ && now >= leave_by_ - kToHandOver && !waiting_.empty()) let_go_of_waiting(false);
    if (owns() && now >= lease_until_) lost("no head was stored for the time of the lease", now, out);
    if (checkpoint_.fate() == Checkpoint::Fate::stored) committed(now, out);
    if (checkpoint_.fate() == Checkpoint::Fate::lost) lost("another replica owns the partition", now, out);
    if (phase_ == Phase::looking) look(now);
    if (phase_ == Phase::surveying && now >= due_) survey(now, out);
    if (owns()) own(now, out);
    if (checkpoint_.wants_last() && asker_ != Asker::commit)
        ask(Asker::commit, {.from = Read::From::state, .which = Read::Which::last});
    checkpoint_.pump(now, connected, out);
    if (owns()) outbox_.pump(now, connected, bound_.duplicate_window, out);
    reading_.pump(now, connected, out);
}

void Owner::own(Time now, Effects& out) {
    apply(out);
    if (applier_->bytes() > pipeline_.state.max_bytes) {
        return stop("state_full", "open windows take more than state.max_bytes " +
                                      std::to_string(pipeline_.state.max_bytes) +
                                      " (raise it, shorten the windows, or group by fewer values)");
    }
    if (!checkpoint_.busy()) {
        const bool notes = !noted();
        if (outbox_.confirmed()) ack(out);
        if (outbox_.confirmed() && (notes || wants_commit(now))) {
            freeze(now);
        } else if (notes || lease_wants_commit(now)) {
            carry_on(now);
        }
    }
    take_position(now, out);
    prove_idle(now);
    check_input(now, out);
}

void Owner::apply(Effects& out) {
    applier_->close();
    while (!waiting_.empty() && waiting_.front().delivery && !applier_->full()) {
        std::unique_ptr<Delivery> delivery = std::move(waiting_.front().delivery);
        waiting_bytes_ -= waiting_.front().bytes;
        waiting_.pop_front();
        const Fates fates = applier_->apply(*delivery);
        applied_ = {delivery->stream_sequence, delivery->stored_at};
        if (place_ == Standing::there) applied_ack_ = {delivery->ack_subject, delivery->consumer_sequence};
        if (!pipeline_.aggregates.empty()) out.emplace_back(Applied{delivery.get(), fates});
        spent_.push_back(std::move(delivery));
    }
}

// ---- the commit ----

bool Owner::lease_wants_commit(Time now) const { return now - committed_at_ >= pipeline_.state.lease / 3; }

bool Owner::wants_commit(Time now) const {
    if (applier_->wants_commit()) return true;
    const bool dirty = applied_.sequence != head_->floor;
    if (leaving_ && waiting_.empty()) return true;
    // A new position begins where the floor is.
    if (place_ == Standing::away) return dirty;
    const std::uint64_t unacked = applied_ack_.count - acked_;
    const bool many = unacked > settings::effective_max_ack_pending(pipeline_) / 2;
    const bool caught_up = unacked >= kWorthACommit && backlog_ == 0 && waiting_.empty();
    return dirty &&
           (many || caught_up || lease_wants_commit(now) || now - committed_at_ >= pipeline_.state.checkpoint_every);
}

state::Head Owner::next_head(bool whole) const {
    state::Head head = *head_;
    head.commit += 1;
    head.previous = head_sequence_;
    head.base = whole ? 0 : base_sequence_;
    head.parts = 0;
    head.first_part = 0;
    head.together = 0;
    head.tried = tried_;
    if (place_ == Standing::there && waiting_.empty()) head.deaths = 0;  // whatever comes now, nobody has died of it
    return head;
}

void Owner::freeze(Time now) {
    close_quiet();
    const bool whole = weight_.wants_base();
    // Handed over when there is nothing left to publish.
    const bool release = leaving_ && waiting_.empty() && !applier_->wants_commit();
    std::erase_if(tried_, [&](const state::Tried& each) { return each.place.sequence <= applied_.sequence; });
    if (release) tried();
    state::Head head = next_head(whole);
    head.released = release;
    if (applied_.sequence > head.floor) head.deaths = 0;
    head.floor = applied_.sequence;
    head.floor_stored = applied_.stored_at;
    head.clear_to = clear_to_;
    head.out_base = out_base();
    state::Content content = applier_->take(whole);
    const auto apart = std::ranges::stable_partition(
        content.outbox, [&](const state::OutboxEntry& entry) { return goes_with_heads(entry); });
    const auto together = std::min<std::size_t>(apart.begin() - content.outbox.begin(), kMostTogether - 1);
    std::string bytes = state::write(content);
    entries_ = std::move(content.outbox);
    verdicts_frozen_ = std::exchange(verdicts_, {});
    inherited_ = false;
    // Acked is what has come out, all of it.
    if (!applier_->is_closing()) floor_ack_ = applied_ack_;
    committed_at_ = now;
    checkpoint_.begin(std::move(head), std::move(bytes), bound_.max_payload, now);
    if (together == 0) return;
    content.outbox.assign(entries_.begin() + static_cast<std::ptrdiff_t>(together), entries_.end());
    checkpoint_.together_with(std::span(entries_).first(together), state::write(content));
}

bool Owner::goes_with_heads(const state::OutboxEntry& entry) const {
    return entry.output < bound_.together.size() && bound_.together[entry.output];
}

void Owner::carry_on(Time now) {
    state::Head head = next_head(false);
    state::Content content;
    content.outbox = outbox_.unconfirmed();
    if (!content.outbox.empty()) head.out_base = outbox_.base();
    entries_.clear();
    committed_at_ = now;
    checkpoint_.begin(std::move(head), state::write(content), bound_.max_payload, now);
}

void Owner::committed(Time now, Effects& out) {
    const bool claims = phase_ == Phase::claiming;
    head_ = checkpoint_.head();
    head_->content.clear();
    head_sequence_ = checkpoint_.sequence();
    lease_until_ = checkpoint_.sent_at() + pipeline_.state.lease;
    const std::uint64_t oldest = head_->parts > 0 ? head_->first_part : head_sequence_;
    checkpoint_.clear();
    if (head_->base == 0) {
        base_sequence_ = head_sequence_;
        if (!claims) out.emplace_back(Purge{partition_, oldest});
    }
    weight_.add(*head_);
    std::erase_if(survived_, [&](const auto& each) {
        return deaths_of(each.first) == 0 &&
               std::ranges::find(head_->tried, each.first, &state::Tried::place) == head_->tried.end();
    });
    verdicts_stored_.insert(verdicts_stored_.end(), verdicts_frozen_.begin(), verdicts_frozen_.end());
    verdicts_frozen_.clear();
    // What was stored together with the head has smaller sequences than it.
    for (const auto& entry : std::span(entries_).first(head_->together)) outbox_.saw(entry.output, head_sequence_);
    entries_.erase(entries_.begin(), entries_.begin() + head_->together);
    if (!entries_.empty()) outbox_.begin(std::move(entries_), head_->out_base, inherited_);
    entries_.clear();
    if (claims) return claimed(now, out);
    if (head_->released) {
        phase_ = Phase::left;
        out.emplace_back(tell(Level::info, "released", "committed up to " + std::to_string(head_->floor)));
    }
}

void Owner::ack(Effects& out) {
    // Closing may have ended without anything more to publish, and so without another commit.
    const bool all_out = applied_.sequence == head_->floor && !applier_->wants_commit();
    if (floor_ack_.subject.empty() && all_out && applied_ack_.count > acked_) floor_ack_ = applied_ack_;
    if (floor_ack_.subject.empty()) return;
    acked_ = floor_ack_.count;
    out.emplace_back(AckUpTo{std::move(floor_ack_.subject)});
    floor_ack_ = {};
}

void Owner::lost(const std::string& why, Time now, Effects& out) {
    if (owns()) out.emplace_back(tell(Level::warning, "lost", why + "; what was not committed is taken anew"));
    seen_since_ = now;
    watched_ = false;
    look_again(now);
}

void Owner::take_position(Time now, Effects& out) {
    if (place_ == Standing::there || leaving_ || now < position_due_) return;
    // Its acks must never run ahead of the floor.
    if (recovery_ != Recovery::done) return;
    if (!waiting_.empty() || applied_.sequence != head_->floor || checkpoint_.busy()) return;
    position_.number += 1;
    position_.start_sequence = applied_.sequence + 1;
    place_ = Standing::asked;
    position_due_ = now + kAnswerWithin;
    out.emplace_back(position_);
}

// Heads beyond the base cost a reading each, whatever their size.
void Owner::Weight::add(const state::Head& head) {
    if (head.base == 0) {
        *this = {head.content_size, 0};
    } else {
        deltas += head.content_size + kDeltaWeight;
    }
}

bool Owner::Weight::wants_base() const { return deltas > std::max(base, kSmallState); }

// ---- small things ----

void Owner::ask(Asker asker, Read read) {
    asker_ = asker;
    reading_.ask(std::move(read));
}

std::string Owner::trouble() const {
    for (const std::string* trouble : {&trouble_, &reading_.trouble(), &checkpoint_.trouble(), &outbox_.trouble()}) {
        if (!trouble->empty()) return *trouble;
    }
    return {};
}

Note Owner::tell(Level level, std::string event, std::string text) const {
    return {level, std::move(event), "partition " + std::to_string(partition_) + ": " + std::move(text)};
}

Time Owner::next_due(Time now) const {
    if (phase_ == Phase::left || halt_) return kNever;
    Time due = std::min({reading_.next_due(now), checkpoint_.next_due(now), outbox_.next_due(now)});
    const auto consider = [&](Time t) {
        if (t > now) due = std::min(due, t);
    };
    if (leaving_) consider(leave_by_);
    if (!owns()) {
        consider(due_);
        return due;
    }
    consider(lease_until_);
    consider(committed_at_ + pipeline_.state.lease / 3);
    consider(committed_at_ + pipeline_.state.checkpoint_every);
    consider(check_due_);
    if (place_ != Standing::there) consider(position_due_);
    if (applier_->waits_for_time()) consider(std::max(proof_due_, received_at_ + kIdleAfter));
    return due;
}

}  // namespace millrace::engine
