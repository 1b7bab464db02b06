#include "bridge/engine/dispatcher.h"

#include <algorithm>

#include "bridge/base/check.h"

namespace millrace::engine {

Dispatcher::Dispatcher(std::uint32_t parallel, std::size_t partitions, std::uint64_t seed, Ways ways)
    : parallel_(parallel),
      dispatchers_(ways.of),
      breakers_(ways.weights.size(), Breaker(static_cast<double>(parallel) * static_cast<double>(partitions),
                                             ways.have_health && ways.weights.size() > 1)),
      ceilings_(breakers_.size()),
      chooser_(ways.selection, std::move(ways.weights)),
      last_id_(ways.number),
      random_(seed) {
    MILLRACE_CHECK(breakers_.size() <= kMostAddresses, "checked when the configuration is loaded");
}

bool Dispatcher::has_slot(Partition partition) const {
    const auto flying = flying_.find(partition);
    return flying == flying_.end() || flying->second < parallel_;
}

bool Dispatcher::may_send(Partition partition, Time now) const {
    return std::ranges::any_of(breakers_, [&](const Breaker& one) { return one.admits(now); }) && has_slot(partition);
}

std::optional<std::size_t> Dispatcher::address_for(const Batch& batch, Time now) const {
    const auto free = [&](std::size_t i) { return breakers_[i].admits(now); };
    // Also while that one only pauses: answers of two addresses do not add up, so whoever went to and fro between the
    // pauses of both would never be told from a slow endpoint.
    if (batch.answers > 0 && breakers_[batch.answered_by].may_be_waited_for(now))
        return free(batch.answered_by) ? std::optional(batch.answered_by) : std::nullopt;
    const auto up = [&](std::size_t i) { return breakers_[i].is_up(now); };
    const auto untried = [&](std::size_t i) { return up(i) && !batch.has_tried(i); };
    for (std::size_t i = 0; i < breakers_.size(); ++i) {
        if (untried(i)) return chooser_.choose(untried, free);
    }
    return chooser_.choose(up, free);
}

std::optional<Dispatcher::Place> Dispatcher::find_next(Partition partition, Time now, const Turns& turns) const {
    std::optional<Place> best;
    // Of tenants that are level the one found first: halves of a split before retries before suspects.
    const auto consider = [&](Place::Queue queue, std::size_t index, const Batch& batch) {
        if (batch.partition != partition) return;
        if (best && (batch.tenant == best->batch->tenant || turns.had(batch.tenant) >= turns.had(best->batch->tenant)))
            return;
        if (may_go(batch, now)) best = Place{queue, index, &batch};
    };
    for (std::size_t i = 0; i < first_.size(); ++i) consider(Place::Queue::first, i, first_[i]);
    const bool affordable = !retries_.empty() && budget_.next(now) <= now;
    for (std::size_t i = 0; i < retries_.size() && affordable; ++i) {
        if (retries_[i].due <= now) consider(Place::Queue::retries, i, retries_[i].batch);
    }
    for (std::size_t i = 0; i < suspects_.size() && !suspect_flying_; ++i)
        consider(Place::Queue::suspects, i, suspects_[i]);
    return best;
}

const std::string* Dispatcher::next_tenant(Partition partition, Time now, const Turns& turns) const {
    const auto place = find_next(partition, now, turns);
    return place ? &place->batch->tenant : nullptr;
}

std::optional<Batch> Dispatcher::next(Partition partition, Time now, const Turns& turns) {
    const auto place = find_next(partition, now, turns);
    if (!place) return std::nullopt;
    const auto at = static_cast<std::ptrdiff_t>(place->index);
    if (place->queue == Place::Queue::retries) {
        budget_.take(now);
        Batch batch = std::move(retries_[place->index].batch);
        retries_.erase(retries_.begin() + at);
        return batch;
    }
    auto& queue = place->queue == Place::Queue::first ? first_ : suspects_;
    Batch batch = std::move(queue[place->index]);
    queue.erase(queue.begin() + at);
    return batch;
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
    const RequestId id{last_id_ += dispatchers_};
    const std::uint32_t flying = ++flying_[flight.batch.partition];
    MILLRACE_CHECK(flying <= parallel_, "never more requests in flight than parallel_requests_per_partition");
    flight.id = id;
    flight.started = now;
    flight.rows = flight.errand == Errand::witness ? 1 : flight.batch.events.size();
    flight.successes_before = successes_;
    suspect_flying_ = suspect_flying_ || flight.batch.suspect;
    if (flight.errand == Errand::score)
        chooser_.asked(flight.address, [&](std::size_t i) { return breakers_[i].admits(now); });
    breakers_[flight.address].launched();
    flights_.emplace(id, std::move(flight));
    return id;
}

std::optional<Flight> Dispatcher::land(RequestId id) {
    const auto found = flights_.find(id);
    if (found == flights_.end()) return std::nullopt;
    Flight flight = std::move(found->second);
    flights_.erase(found);
    --flying_[flight.batch.partition];
    breakers_[flight.address].landed();
    if (flight.batch.suspect) suspect_flying_ = false;
    return flight;
}

std::optional<std::pair<RequestId, std::size_t>> Dispatcher::want_check(Time now) {
    for (std::size_t i = 0; i < breakers_.size(); ++i) {
        if (!breakers_[i].wants_check(now)) continue;
        const RequestId id{last_id_ += dispatchers_};
        breakers_[i].check_sent();
        checks_.emplace(id, i);
        return std::pair(id, i);
    }
    return std::nullopt;
}

void Dispatcher::checked(RequestId id, bool well, Time now) {
    const auto found = checks_.find(id);
    if (found == checks_.end()) return;
    breakers_[found->second].checked(well, now, random_);
    checks_.erase(found);
}

void Dispatcher::retry(Batch batch, Outcome outcome, Time now) {
    if (batch.suspect) return suspect(std::move(batch));
    // Back-off is for those who ask the same one again.
    bool elsewhere = false;
    for (std::size_t i = 0; i < breakers_.size() && breakers_.size() > 1; ++i)
        elsewhere = elsewhere || (breakers_[i].is_up(now) && !batch.has_tried(i));
    const Time due = elsewhere ? now : now + backoff(rule_for(outcome), batch.failures, random_);
    retries_.push_back({std::move(batch), due});
}

void Dispatcher::succeeded(std::size_t address) {
    untried_ = false;
    breakers_[address].succeeded(++successes_);
    budget_.succeeded();
}

void Dispatcher::failed(const Answer& answer, const Flight& flight, Time now) {
    breakers_[flight.address].failed(answer, flight.started, now, random_);
}

void Dispatcher::hold(std::string why, Time now, std::size_t address) {
    breakers_[address].hold(std::move(why), now, random_);
}

bool Dispatcher::others_work(std::size_t address) const {
    return std::ranges::any_of(breakers_,
                               [&](const Breaker& one) { return &one != &breakers_[address] && !one.is_down(); });
}

void Dispatcher::lapse() {
    for (Breaker& one : breakers_) one.lapse();
    untried_ = true;
}

bool Dispatcher::on_hold() const {
    return std::ranges::all_of(breakers_, &Breaker::is_shut) && std::ranges::any_of(breakers_, &Breaker::is_out);
}

const std::string& Dispatcher::hold_reason() const {
    static const std::string none;
    return on_hold() ? breakers_.front().reason() : none;
}

std::optional<std::size_t> Dispatcher::probe_due(Time now) const {
    const auto found = std::ranges::find_if(breakers_, [&](const Breaker& one) { return one.probe_due(now); });
    if (found == breakers_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - breakers_.begin());
}

double Dispatcher::limit() const {
    double sum = 0;
    for (const Breaker& one : breakers_) sum += one.limit();
    return sum;
}

Time Dispatcher::next_due(Time now) const {
    Time due = kNever;
    const auto consider = [&](Time t) {
        if (t > now) due = std::min(due, t);
    };
    for (const Breaker& one : breakers_) consider(one.next_due());
    if (on_hold()) return due;
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
