#include "bridge/engine/dispatcher.h"

#include <algorithm>

#include "bridge/base/check.h"

namespace millrace::engine {

namespace {

constexpr BackoffRule kFailed{std::chrono::milliseconds(50), std::chrono::seconds(20)};
constexpr BackoffRule kThrottled{std::chrono::seconds(1), std::chrono::seconds(20)};
constexpr Duration kProbeEvery = std::chrono::seconds(30);
constexpr Duration kProbeAtMost = std::chrono::minutes(5);
constexpr double kCut = 0.7;

BackoffRule rule_for(Outcome outcome) { return outcome == Outcome::throttled ? kThrottled : kFailed; }

}  // namespace

Dispatcher::Dispatcher(std::uint32_t parallel, std::size_t partitions, std::uint64_t seed)
    : parallel_(parallel), most_(static_cast<double>(parallel) * static_cast<double>(partitions)), random_(seed) {}

bool Dispatcher::may_send(Partition partition, Time now) const {
    if (on_hold() || now < not_before_) return false;
    if (static_cast<double>(flights_.size()) + 1.0 > limit_) return false;
    const auto flying = flying_.find(partition);
    return flying == flying_.end() || flying->second < parallel_;
}

std::optional<Batch> Dispatcher::next(Partition partition, Time now) {
    const auto of_partition = [&](const Batch& batch) { return batch.partition == partition; };
    if (const auto found = std::ranges::find_if(first_, of_partition); found != first_.end()) {
        Batch batch = std::move(*found);
        first_.erase(found);
        return batch;
    }
    const auto due = [&](const Retry& retry) { return retry.due <= now && of_partition(retry.batch); };
    if (const auto found = std::ranges::find_if(retries_, due); found != retries_.end() && budget_.take(now)) {
        Batch batch = std::move(found->batch);
        retries_.erase(found);
        return batch;
    }
    if (suspect_flying_) return std::nullopt;
    if (const auto found = std::ranges::find_if(suspects_, of_partition); found != suspects_.end()) {
        Batch batch = std::move(*found);
        suspects_.erase(found);
        return batch;
    }
    return std::nullopt;
}

std::optional<Batch> Dispatcher::any() {
    const auto pop = [](auto& queue, bool clean_only, auto batch_of) -> std::optional<Batch> {
        const auto found =
            std::ranges::find_if(queue, [&](auto& item) { return !clean_only || batch_of(item).clean(); });
        if (found == queue.end()) return std::nullopt;
        Batch batch = std::move(batch_of(*found));
        queue.erase(found);
        return batch;
    };
    const auto itself = [](Batch& batch) -> Batch& { return batch; };
    const auto of_retry = [](Retry& retry) -> Batch& { return retry.batch; };
    for (const bool clean_only : {true, false}) {
        if (auto batch = pop(first_, clean_only, itself)) return batch;
        if (auto batch = pop(retries_, clean_only, of_retry)) return batch;
        if (auto batch = pop(suspects_, clean_only, itself)) return batch;
    }
    return std::nullopt;
}

bool Dispatcher::has_clean() const {
    const auto clean = [](const Batch& batch) { return batch.clean(); };
    return std::ranges::any_of(first_, clean) || std::ranges::any_of(suspects_, clean) ||
           std::ranges::any_of(retries_, clean, &Retry::batch);
}

RequestId Dispatcher::launch(Flight flight, Time now) {
    const RequestId id{++last_id_};
    const std::uint32_t flying = ++flying_[flight.batch.partition];
    MILLRACE_CHECK(flying <= parallel_, "never more requests in flight than parallel_requests_per_partition");
    flight.id = id;
    flight.started = now;
    flight.rows = flight.errand == Errand::witness ? 1 : flight.batch.events.size();
    flight.successes_before = successes_;
    suspect_flying_ = suspect_flying_ || flight.batch.suspect;
    probe_made_ = on_hold();
    flights_.emplace(id, std::move(flight));
    return id;
}

std::optional<Flight> Dispatcher::land(RequestId id) {
    const auto found = flights_.find(id);
    if (found == flights_.end()) return std::nullopt;
    Flight flight = std::move(found->second);
    flights_.erase(found);
    --flying_[flight.batch.partition];
    if (flight.batch.suspect) suspect_flying_ = false;
    return flight;
}

void Dispatcher::retry(Batch batch, Outcome outcome, Time now) {
    if (batch.suspect) return suspect(std::move(batch));
    const Time due = now + backoff(rule_for(outcome), batch.failures, random_);
    retries_.push_back({std::move(batch), due});
}

void Dispatcher::succeeded() {
    ++successes_;
    untried_ = false;
    failures_ = 0;
    limit_ = std::min(most_, limit_ + 1.0 / limit_);
    budget_.succeeded();
}

// One failure of a burst counts; the others were sent before anyone knew.
void Dispatcher::failed(const Answer& answer, const Flight& flight, Time now) {
    if (flight.started >= last_cut_) {
        ++failures_;
        limit_ = std::max(1.0, limit_ * kCut);
        last_cut_ = now;
    }
    const Duration wait =
        answer.retry_after ? *answer.retry_after : backoff(rule_for(answer.outcome), failures_, random_);
    not_before_ = std::max(not_before_, now + wait);
}

void Dispatcher::hold(std::string why, Time now) {
    const bool was = on_hold();
    hold_ = std::move(why);
    if (was && !probe_made_) return;
    if (!was) probes_ = 0;
    probe_made_ = false;
    Duration wait = kProbeEvery;
    for (std::uint32_t i = 0; i < probes_ && wait < kProbeAtMost; ++i) wait = wait * 3 / 2;
    wait = std::min(wait, kProbeAtMost);
    next_probe_ = now + wait * 4 / 5 + random_.below(wait * 2 / 5);
    ++probes_;
}

bool Dispatcher::resume() {
    const bool was = on_hold();
    hold_.clear();
    return was;
}

void Dispatcher::lapse() {
    hold_.clear();
    untried_ = true;
    limit_ = 1.0;
}

bool Dispatcher::probe_due(Time now) const {
    return on_hold() && flights_.empty() && now >= std::max(next_probe_, not_before_);
}

Time Dispatcher::next_due(Time now) const {
    Time due = kNever;
    const auto consider = [&](Time t) {
        if (t > now) due = std::min(due, t);
    };
    if (on_hold()) {
        consider(std::max(next_probe_, not_before_));
        return due;
    }
    consider(not_before_);
    for (const Retry& retry : retries_) consider(retry.due > now ? retry.due : budget_.next(now));
    return due;
}

std::size_t Dispatcher::waiting() const {
    std::size_t events = 0;
    for (const Batch& batch : first_) events += batch.events.size();
    for (const Retry& retry : retries_) events += retry.batch.events.size();
    for (const Batch& batch : suspects_) events += batch.events.size();
    for (const Batch& batch : aside_) events += batch.events.size();
    return events;
}

void Dispatcher::clear() {
    first_.clear();
    retries_.clear();
    suspects_.clear();
    aside_.clear();
}

}  // namespace millrace::engine
