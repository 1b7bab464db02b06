#include "bridge/engine/commit.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/settings/outputs.h"

namespace millrace::engine {

namespace {

std::uint64_t number(StoreId id) { return static_cast<std::uint64_t>(id); }

}  // namespace

void Commit::limits(const Bound& bound, Time now) {
    server_at_bind_ = bound.server_now;
    bound_at_ = now;
    limits_[bound.partition] = {bound.ack_wait, bound.duplicate_window};
    ack_wait_ = bound.ack_wait;
    duplicate_window_ = bound.duplicate_window;
    for (const auto& [partition, limits] : limits_) {
        ack_wait_ = std::min(ack_wait_, limits.ack_wait);
        duplicate_window_ = std::min(duplicate_window_, limits.duplicate_window);
    }
    for (std::size_t o = 0; o < kEventOutputs; ++o) {
        // An output stream made anew starts at one again: nothing known of its sequences holds.
        if (bound.output_last_sequence[o] < seen_[o]) {
            for (auto& [event, publication] : publications_) publication.base[o] = 0;
        }
        seen_[o] = bound.output_last_sequence[o];
    }
}

void Commit::store(EventRef event) {
    const auto [publication, is_new] = publications_.try_emplace(event);
    MILLRACE_CHECK(is_new, "an event is published under one publication");
    const Delivery& delivery = *ledger_.find(event.delivery);
    if (delivery.delivered > 1) {
        publication->second.maybe_stored_since = by_another_since(event.delivery);
        publication->second.by_another = true;
    }
    to_send_.push_back(event);
}

Time Commit::by_another_since(DeliveryId id) const {
    const Delivery& delivery = *ledger_.find(id);
    const Time stored = std::min(ledger_.opened_at(id), bound_at_ + (delivery.stored_at - server_at_bind_));
    // Given back at the touch after a quarter of the window, or not touched any more and redelivered after ack_wait.
    const Time first_holder = ledger_.due_at(id) - duplicate_window_ / 4 - ack_wait_ * 4 / 3;
    return delivery.delivered == 2 ? std::max(stored, first_holder) : stored;
}

bool Commit::overstays(DeliveryId id, Time now) const {
    const Delivery& delivery = *ledger_.find(id);
    if (delivery.delivered > 1) return false;
    const auto is_old = [&](std::optional<Time> since) { return since && now - *since > duplicate_window_ / 4; };
    if (is_old(ledger_.stored_since(id))) return true;
    const auto elements = static_cast<std::uint32_t>(delivery.events.size());
    for (std::uint32_t i = 0; i < elements; ++i) {
        const auto publication = publications_.find({id, i});
        if (publication == publications_.end() || publication->second.by_another) continue;
        if (is_old(publication->second.maybe_stored_since)) return true;
    }
    return false;
}

// Nobody knows since when.
void Commit::found(EventRef event, OutputPlace place, Effects& out) {
    if (recall_ != nullptr) publications_.try_emplace(event);
    was_stored(event, Time{}, place, out);
}

void Commit::recalled(EventRef event, Effects& out) { settle(event, Time{}, true, out); }

void Commit::was_stored(EventRef event, Time stored_since, OutputPlace place, Effects& out) {
    if (recall_ == nullptr) return settle(event, stored_since, true, out);
    Publication& publication = publications_.at(event);
    forget_attempts(publication);
    publication.is_read_back = true;
    recall_->want(event, ledger_.find(event.delivery)->partition, place);
}

void Commit::pump(Time now, bool connected, Effects& out) {
    while (!waiting_for_answer_.empty() && now - waiting_for_answer_.front().first >= kAnswerWithin) {
        const auto attempt = attempts_.find(number(waiting_for_answer_.front().second));
        waiting_for_answer_.pop_front();
        if (attempt == attempts_.end() || attempt->second.answered_late) continue;
        attempt->second.answered_late = true;
        --unanswered_;
        to_send_.push_back(attempt->second.event);
        sink_.failed({ErrorCode::unavailable, "the outputs do not answer publications"}, now);
    }
    if (!connected || !sink_.may_send(now)) return;
    if (publications_.empty()) sink_.nothing_left();
    const std::size_t most = sink_.is_in_doubt() ? 1 : kMostUnanswered;
    while (!to_send_.empty() && unanswered_ < most) {
        const EventRef event = to_send_.front();
        to_send_.pop_front();
        send(event, now, out);
    }
}

void Commit::send(EventRef event, Time now, Effects& out) {
    const auto found = publications_.find(event);
    if (found == publications_.end() || found->second.is_read_back) return;
    const Event* record = ledger_.find(event);
    if (record == nullptr || !ledger_.fresh(event.delivery, now, ack_wait_)) return drop(event);
    Publication& publication = found->second;
    const Duration by_others = duplicate_window_ * 7 / 8;
    if (!publication.maybe_stored_since && !publication.looked_up &&
        now - ledger_.opened_at(event.delivery) > by_others) {
        publication.maybe_stored_since = ledger_.opened_at(event.delivery);
        publication.by_another = true;
    }
    const Duration covered = publication.by_another ? by_others : duplicate_window_ / 2;
    if (publication.maybe_stored_since && now - *publication.maybe_stored_since > covered) {
        unsure_.push_back(event);
        return;
    }
    if (!publication.maybe_stored_since) {
        publication.maybe_stored_since = now;
        publication.base = seen_;
    }
    const StoreId id{++last_id_};
    publication.attempts.push_back(id);
    const Delivery* delivery = ledger_.find(event.delivery);
    attempts_.emplace(number(id), Attempt{event, settings::output_of(pipeline_, *delivery, ending_of(*record))});
    waiting_for_answer_.emplace_back(now, id);
    ++unanswered_;
    out.emplace_back(Publish{id, delivery, record});
}

void Commit::stored(const Stored& stored, Time now, Effects& out) {
    const auto found = attempts_.find(number(stored.id));
    if (found == attempts_.end()) return;
    const Attempt attempt = found->second;
    attempts_.erase(found);
    if (!attempt.answered_late) --unanswered_;
    const auto held = publications_.find(attempt.event);
    Event* event = ledger_.find(attempt.event);
    if (event == nullptr || held == publications_.end()) return drop(attempt.event);
    Publication& publication = held->second;
    if (!stored.error) {
        sink_.took();
        const auto o = index(attempt.output);
        seen_[o] = std::max(seen_[o], stored.sequence);
        const Time since = publication.maybe_stored_since.value_or(now);
        if (!stored.duplicate) return settle(attempt.event, since, false, out);
        return was_stored(attempt.event, since, {attempt.output, stored.sequence}, out);
    }
    if (stored.refused) {
        std::erase(publication.attempts, stored.id);
        if (publication.attempts.empty() && !publication.by_another) publication.maybe_stored_since.reset();
    }
    if (attempt.answered_late) return;
    if (stored.error->code == ErrorCode::too_large && !event->settlement.verdict) {
        too_large(*event);
        if (recall_ != nullptr) return left_to_others(attempt.event, out);
    } else {
        sink_.failed(*stored.error, now);
    }
    to_send_.push_back(attempt.event);
}

// A dead letter sheds until it fits.
void Commit::too_large(Event& event) {
    event.settlement.verdict =
        Verdict{Reason::result_too_large, "the result is larger than the result stream takes", 0, {}};
    event.settlement.score.clear();
}

void Commit::settle(EventRef event, std::optional<Time> stored_since, bool duplicate, Effects& out) {
    const Delivery* delivery = ledger_.find(event.delivery);
    const Event* record = ledger_.find(event);
    drop(event);
    if (record == nullptr) return;
    out.emplace_back(Settled{delivery, record, duplicate});
    if (ledger_.settle(event, stored_since)) out.emplace_back(Ack{delivery});
}

void Commit::drop(EventRef event) {
    const auto found = publications_.find(event);
    if (found == publications_.end()) return;
    forget_attempts(found->second);
    if (found->second.is_read_back) recall_->forget(event);
    publications_.erase(found);
}

void Commit::forget_attempts(Publication& publication) {
    for (const StoreId id : std::exchange(publication.attempts, {})) {
        const auto attempt = attempts_.find(number(id));
        if (attempt == attempts_.end()) continue;
        if (!attempt->second.answered_late) --unanswered_;
        attempts_.erase(attempt);
    }
}

std::optional<Find> Commit::want_search() {
    if (!searching_.empty()) return std::nullopt;
    std::erase_if(unsure_, [&](EventRef event) {
        const auto publication = publications_.find(event);
        return publication == publications_.end() || publication->second.is_read_back;
    });
    if (unsure_.empty()) return std::nullopt;
    Find find;
    std::vector<std::uint64_t> from(kEventOutputs, std::numeric_limits<std::uint64_t>::max());
    bool by_another = false;
    Time since = kNever;
    for (const EventRef event : unsure_) {
        const Publication& publication = publications_.at(event);
        by_another = by_another || publication.by_another;
        since = std::min(since, *publication.maybe_stored_since);
        for (std::size_t o = 0; o < kEventOutputs; ++o) from[o] = std::min(from[o], publication.base[o] + 1);
    }
    if (by_another) {
        // No sequence is known for what another replica did.
        find.from_time = server_at_bind_ + (since - bound_at_) - ack_wait_;
    } else {
        find.from_sequence = std::move(from);
    }
    find.input_to = std::numeric_limits<std::uint64_t>::max();
    searching_.swap(unsure_);
    return find;
}

void Commit::searched(const Found& found, Effects& out) {
    std::vector<EventRef> searched;
    searched.swap(searching_);
    if (found.error) {
        unsure_.insert(unsure_.end(), searched.begin(), searched.end());
        return;
    }
    const auto stored = found.by_identity();
    for (const EventRef event : searched) {
        const auto publication = publications_.find(event);
        const Event* record = ledger_.find(event);
        if (publication == publications_.end() || publication->second.is_read_back || record == nullptr) continue;
        if (const auto place = stored.find(record->id); place != stored.end()) {
            was_stored(event, publication->second.maybe_stored_since.value_or(Time{}), place->second, out);
        } else {
            publication->second.maybe_stored_since.reset();
            publication->second.by_another = false;
            publication->second.looked_up = true;
            to_send_.push_back(event);
        }
    }
}

void Commit::forget(EventRef event) { drop(event); }

void Commit::clear() {
    publications_.clear();
    attempts_.clear();
    waiting_for_answer_.clear();
    unanswered_ = 0;
    to_send_.clear();
    unsure_.clear();
    searching_.clear();
}

Time Commit::next_due(Time now) const {
    Time due = kNever;
    if (!to_send_.empty() && sink_.again_at() > now) due = sink_.again_at();
    if (!waiting_for_answer_.empty()) {
        const Time late = waiting_for_answer_.front().first + kAnswerWithin;
        if (late > now) due = std::min(due, late);
    }
    return due;
}

}  // namespace millrace::engine
