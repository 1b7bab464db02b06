#include "bridge/engine/ordered_commit.h"

#include <algorithm>

#include "bridge/base/check.h"

namespace millrace::engine {

namespace {

// Of a batch: its headers, and what stands in its body besides the results. And of each result its place.
constexpr std::size_t kBatchOverhead = 2048;
constexpr std::size_t kResultOverhead = 64;

std::uint64_t number(StoreId id) { return static_cast<std::uint64_t>(id); }

std::size_t size_of(const Event& event) {
    return event.settlement.score.size() + event.included.size() + kResultOverhead;
}

}  // namespace

// ---- lanes ----

void OrderedCommit::limits(const Bound& bound) {
    max_payload_ = bound.max_payload;
    if (!bound.output_last_sequence.empty()) seen_ = bound.output_last_sequence[index(Output::result)];
}

void OrderedCommit::owned_as(Partition partition, std::uint64_t epoch) {
    House& house = houses_[partition];
    if (house.epoch == epoch) return;
    reset(partition);
    house.epoch = epoch;
}

void OrderedCommit::reset(Partition partition) {
    const auto is_of_it = [&](const Lane* lane) { return lane->partition == partition; };
    std::erase_if(to_read_, is_of_it);
    std::erase_if(to_publish_, is_of_it);
    std::erase_if(reads_, [&](const auto& entry) { return is_of_it(entry.second.first); });
    House& house = houses_[partition];
    for (auto& [tenant, lane] : house.lanes) end_run(lane);
    house.lanes.clear();
}

OrderedCommit::Lane* OrderedCommit::find_lane(const Delivery& delivery) {
    const auto house = houses_.find(delivery.partition);
    if (house == houses_.end()) return nullptr;
    const auto lane = house->second.lanes.find(delivery.tenant);
    return lane == house->second.lanes.end() ? nullptr : &lane->second;
}

OrderedCommit::Lane& OrderedCommit::lane_of(const Delivery& delivery) {
    if (Lane* lane = find_lane(delivery)) return *lane;
    House& house = houses_[delivery.partition];
    if (house.lanes.size() >= house.sweep_at) sweep(house);
    Lane& lane = house.lanes[delivery.tenant];
    lane.partition = delivery.partition;
    lane.tenant = delivery.tenant;
    lane.subject = rendering_.result_subject(lane.partition, lane.tenant);
    return lane;
}

void OrderedCommit::sweep(House& house) {
    std::erase_if(house.lanes, [](const auto& entry) {
        const Lane& lane = entry.second;
        return lane.slots.empty() && lane.run.empty() && !lane.queued && !lane.reading;
    });
    house.sweep_at = std::max(kMostIdle, 2 * house.lanes.size());
}

OrderedCommit::Slot* OrderedCommit::slot_in(Lane& lane, EventPlace place) {
    const auto slot = std::ranges::lower_bound(lane.slots, place, {}, &Slot::place);
    return slot == lane.slots.end() || slot->place != place ? nullptr : &*slot;
}

std::pair<OrderedCommit::Lane*, OrderedCommit::Slot*> OrderedCommit::find(EventRef event) {
    const Delivery* delivery = ledger_.find(event.delivery);
    Lane* lane = delivery == nullptr ? nullptr : find_lane(*delivery);
    if (lane == nullptr) return {nullptr, nullptr};
    return {lane, slot_in(*lane, {delivery->stream_sequence, event.element})};
}

void OrderedCommit::wake(Lane& lane) {
    if (lane.queued || lane.reading) return;
    lane.queued = true;
    (lane.known ? to_publish_ : to_read_).push_back(&lane);
}

// ---- events ----

void OrderedCommit::expect(EventRef event, Effects& out) {
    const Delivery& delivery = *ledger_.find(event.delivery);
    Lane& lane = lane_of(delivery);
    const EventPlace place{delivery.stream_sequence, event.element};
    MILLRACE_CHECK(lane.slots.empty() || lane.slots.back().place < place, "events come in stream order");
    lane.slots.push_back({event, place});
    lane.known ? place_in(lane, lane.slots.back(), out) : wake(lane);
}

bool OrderedCommit::holds(EventRef event) {
    const Slot* slot = find(event).second;
    return slot != nullptr && slot->standing != Standing::open && slot->standing != Standing::unclear;
}

void OrderedCommit::store(EventRef ref, Effects& out) {
    const auto [lane, slot] = find(ref);
    if (slot == nullptr) return;
    Event& event = *ledger_.find(ref);
    if (is_stored(*lane, slot->place)) {
        event.settlement.told = true;
        return settle(*slot, true, out);
    }
    if (event.settlement.verdict) {
        slot->standing = Standing::condemned;
        condemned_.push_back(ref);
        return;
    }
    slot->standing = Standing::scored;
    ++scored_;
    wake(*lane);
}

void OrderedCommit::committed(EventRef ref, Effects& out) {
    const auto [lane, slot] = find(ref);
    if (slot == nullptr || slot->standing != Standing::condemned) return;
    ledger_.find(ref)->settlement.told = true;
    settle(*slot, false, out);
    wake(*lane);
}

void OrderedCommit::recalled(EventRef ref, Effects& out) {
    const auto [lane, slot] = find(ref);
    if (slot == nullptr) return;
    settle(*slot, true, out);
    wake(*lane);
}

void OrderedCommit::unread(EventRef ref) {
    if (Slot* slot = find(ref).second) slot->standing = Standing::open;
}

void OrderedCommit::settle(Slot& slot, bool duplicate, Effects& out) {
    if (slot.standing == Standing::scored) --scored_;
    slot.standing = Standing::settled;
    const Delivery* delivery = ledger_.find(slot.event.delivery);
    const Event* event = ledger_.find(slot.event);
    out.emplace_back(Settled{delivery, event, duplicate});
    if (ledger_.settle(slot.event, Time{})) out.emplace_back(Ack{delivery});
}

void OrderedCommit::forget(EventRef event) {
    const auto [lane, slot] = find(event);
    if (slot == nullptr) return;
    if (slot->standing == Standing::scored) --scored_;
    if (slot->standing == Standing::recalled) recall_->forget(event);
    lane->slots.erase(std::ranges::lower_bound(lane->slots, slot->place, {}, &Slot::place));
}

void OrderedCommit::clear() {
    houses_.clear();
    to_read_.clear();
    to_publish_.clear();
    attempts_.clear();
    waiting_for_answer_.clear();
    reads_.clear();
    cleared_.clear();
    condemned_.clear();
    unanswered_ = scored_ = 0;
}

// ---- what is stored ----

void OrderedCommit::read_last(Lane& lane, Time now, Effects& out) {
    lane.reading = true;
    reads_.emplace(++read_number_, std::pair{&lane, now + kAnswerWithin});
    Read read;
    read.number = read_number_;
    read.partition = lane.partition;
    read.from = Read::From::output;
    read.output = Output::result;
    read.which = Read::Which::last;
    read.subject = lane.subject;
    out.emplace_back(std::move(read));
}

bool OrderedCommit::got(const GotMessage& got, Time now, Effects& out) {
    if (got.number < kOurReads) return false;
    const auto found = reads_.find(got.number);
    if (found == reads_.end()) return true;
    Lane& lane = *found->second.first;
    reads_.erase(found);
    lane.reading = false;
    if (got.error) {
        read_again_ = retry_.failed(*got.error, now);
        wake(lane);
        return true;
    }
    retry_.succeeded();
    lane.known = true;
    lane.last = got.message ? got.message->sequence : 0;
    lane.newest = got.message ? rendering_.results_in(lane.partition, *got.message) : std::nullopt;
    if (lane.newest) lane.up_to = std::max(lane.up_to.value_or(lane.newest->last), lane.newest->last);
    seen_ = std::max(seen_, lane.last);
    learnt(lane, out);
    return true;
}

void OrderedCommit::learnt(Lane& lane, Effects& out) {
    for (Slot& slot : lane.slots) place_in(lane, slot, out);
    wake(lane);
}

void OrderedCommit::place_in(Lane& lane, Slot& slot, Effects& out) {
    if (is_stored(lane, slot.place)) return already_stored(lane, slot, out);
    if (slot.standing != Standing::unclear) return;
    slot.standing = Standing::open;
    cleared_.push_back(slot.event);
}

void OrderedCommit::already_stored(Lane& lane, Slot& slot, Effects& out) {
    if (slot.standing == Standing::settled || slot.standing == Standing::recalled) return;
    Event& event = *ledger_.find(slot.event);
    const auto where = recall_ == nullptr ? std::nullopt : where_stored(lane, slot, event);
    const bool counts_anyhow = recall_ == nullptr || slot.standing == Standing::scored;
    if (where || counts_anyhow) {
        // A result that is stored overrules a verdict.
        event.settlement.verdict.reset();
        event.settlement.told = true;
    }
    if (where) {
        if (slot.standing == Standing::scored) --scored_;
        slot.standing = Standing::recalled;
        recall_->want(slot.event, lane.partition, *where);
    } else if (counts_anyhow) {
        settle(slot, true, out);
    } else if (slot.standing == Standing::unclear) {
        slot.standing = Standing::open;
        cleared_.push_back(slot.event);
    }
}

std::optional<OutputPlace> OrderedCommit::where_stored(const Lane& lane, const Slot& slot, const Event& event) const {
    if (lane.newest && slot.place >= lane.newest->first) return lane.newest->place;
    return search_.place_of({{}, pipeline_.generation, lane.partition, lane.tenant, {}, {}}, event.id, slot.place);
}

// ---- publishing ----

void OrderedCommit::cut_run(Lane& lane) {
    std::size_t bytes = kBatchOverhead;
    const std::size_t most_bytes = std::min(max_payload_, kMostBatchBytes);
    const std::size_t most = pipeline_.results.as == settings::ResultsAs::batch ? lane.most : 1;
    for (const Slot& slot : lane.slots) {
        if (slot.standing == Standing::settled) continue;
        if (slot.standing != Standing::scored || lane.run.size() >= most) return;
        bytes += size_of(*ledger_.find(slot.event));
        if (!lane.run.empty() && bytes > most_bytes) return;
        lane.run.push_back(slot.event);
        lane.run_end = slot.place;
    }
}

void OrderedCommit::publish(Lane& lane, Time now, Effects& out) {
    if (lane.attempt) return;
    while (!lane.slots.empty() && lane.slots.front().standing == Standing::settled) lane.slots.pop_front();
    std::erase_if(lane.run, [&](EventRef ref) { return ledger_.find(ref) == nullptr; });
    if (lane.run.empty()) {
        end_run(lane);
        cut_run(lane);
    }
    if (lane.run.empty()) return;
    const StoreId id{++last_id_};
    lane.attempt = id;
    lane.attempts.push_back(id);
    attempts_.emplace(number(id), &lane);
    waiting_for_answer_.emplace_back(now, id);
    ++unanswered_;
    PublishInOrder publication{id, {}, lane.last};
    publication.results.reserve(lane.run.size());
    for (const EventRef ref : lane.run) publication.results.emplace_back(ledger_.find(ref.delivery), ledger_.find(ref));
    out.emplace_back(std::move(publication));
}

void OrderedCommit::stored(const Stored& stored, Time now, Effects& out) {
    const auto found = attempts_.find(number(stored.id));
    if (found == attempts_.end()) return;
    Lane& lane = *found->second;
    if (!stored.error) return run_stored(lane, stored, out);
    attempts_.erase(found);
    std::erase(lane.attempts, stored.id);
    if (lane.attempt != stored.id) return;  // another attempt is under way, and will tell
    give_up(lane);
    if (stored.error->code == ErrorCode::conflict) {
        end_run(lane);
        lane.known = false;
    } else if (stored.error->code == ErrorCode::too_large) {
        run_too_large(lane);
    } else {
        sink_.failed(*stored.error, now);
        // Surely not stored: what has come behind it may go along.
        if (lane.attempts.empty()) end_run(lane);
    }
    wake(lane);
}

void OrderedCommit::run_stored(Lane& lane, const Stored& stored, Effects& out) {
    sink_.took();
    seen_ = std::max(seen_, stored.sequence);
    lane.last = std::max(lane.last, stored.sequence);
    lane.up_to = lane.run_end;
    for (const EventRef ref : lane.run) {
        if (ledger_.find(ref) == nullptr) continue;
        Slot& slot = *find(ref).second;
        if (stored.duplicate && recall_ != nullptr) {
            --scored_;
            slot.standing = Standing::recalled;
            recall_->want(ref, lane.partition, {Output::result, stored.sequence});
        } else {
            settle(slot, stored.duplicate, out);
        }
    }
    end_run(lane);
    lane.most = std::min(2 * lane.most, kMostInBatch);
    wake(lane);
}

void OrderedCommit::run_too_large(Lane& lane) {
    const std::vector<EventRef> run = lane.run;
    end_run(lane);
    if (run.size() > 1) {
        lane.most = run.size() / 2;
        return;
    }
    const EventRef ref = run.front();
    Event* event = ledger_.find(ref);
    if (event == nullptr) return;
    Commit::too_large(*event);
    --scored_;
    find(ref).second->standing = Standing::condemned;
    condemned_.push_back(ref);
}

// No answer is waited for any more; the attempt may be stored all the same.
void OrderedCommit::give_up(Lane& lane) {
    if (!lane.attempt) return;
    lane.attempt.reset();
    --unanswered_;
}

void OrderedCommit::end_run(Lane& lane) {
    give_up(lane);
    for (const StoreId id : std::exchange(lane.attempts, {})) attempts_.erase(number(id));
    lane.run.clear();
}

// ---- time ----

void OrderedCommit::pump(Time now, bool connected, Effects& out) {
    while (!waiting_for_answer_.empty() && now - waiting_for_answer_.front().first >= kAnswerWithin) {
        const StoreId id = waiting_for_answer_.front().second;
        waiting_for_answer_.pop_front();
        const auto attempt = attempts_.find(number(id));
        if (attempt == attempts_.end() || attempt->second->attempt != id) continue;
        give_up(*attempt->second);
        wake(*attempt->second);
        sink_.failed({ErrorCode::unavailable, "the outputs do not answer publications"}, now);
    }
    while (!reads_.empty() && now >= reads_.begin()->second.second) {
        Lane& lane = *reads_.begin()->second.first;
        reads_.erase(reads_.begin());
        lane.reading = false;
        wake(lane);
    }
    if (!connected) return;
    if (sink_.may_send(now)) publish_lanes(now, out);
    const std::size_t most = retry_.is_failing() ? 1 : kMostReads;
    while (!to_read_.empty() && reads_.size() < most && now >= read_again_) {
        Lane& lane = *to_read_.front();
        to_read_.pop_front();
        lane.queued = false;
        read_last(lane, now, out);
    }
}

void OrderedCommit::publish_lanes(Time now, Effects& out) {
    if (scored_ == 0) sink_.nothing_left();
    const std::size_t most = sink_.is_in_doubt() ? 1 : kMostUnanswered;
    while (!to_publish_.empty() && unanswered_ < most) {
        Lane& lane = *to_publish_.front();
        to_publish_.pop_front();
        lane.queued = false;
        lane.known ? publish(lane, now, out) : wake(lane);
    }
}

// Whatever became of them, the same bytes can be stored only once, and the last message can be read again.
void OrderedCommit::disconnected() {
    for (const auto& [sent, id] : std::exchange(waiting_for_answer_, {})) {
        const auto attempt = attempts_.find(number(id));
        if (attempt == attempts_.end() || attempt->second->attempt != id) continue;
        give_up(*attempt->second);
        wake(*attempt->second);
    }
    for (const auto& [number, read] : std::exchange(reads_, {})) {
        read.first->reading = false;
        wake(*read.first);
    }
}

Time OrderedCommit::next_due(Time now) const {
    Time due = kNever;
    const auto consider = [&](Time t) {
        if (t > now) due = std::min(due, t);
    };
    if (!to_publish_.empty()) consider(sink_.again_at());
    if (!to_read_.empty()) consider(read_again_);
    if (!waiting_for_answer_.empty()) consider(waiting_for_answer_.front().first + kAnswerWithin);
    if (!reads_.empty()) consider(reads_.begin()->second.second);
    return due;
}

}  // namespace millrace::engine
