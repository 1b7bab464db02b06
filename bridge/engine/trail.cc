#include "bridge/engine/trail.h"

#include <algorithm>

#include "bridge/base/check.h"

namespace millrace::engine {

namespace {

// As long as this nobody may answer because a leader is being elected.
constexpr Duration kElection = std::chrono::seconds(10);

}  // namespace

void Trail::add(EventRef event) {
    const bool is_new = waiting_.insert(event).second;
    MILLRACE_CHECK(is_new, "an event is settled by one request");
    open_[ledger_.find(event)->settlement.request_id].push_back(event);
}

void Trail::close(std::string request, std::vector<EventRef>&& events) {
    for (std::size_t from = 0; from < events.size(); from += kMostEvents) {
        const std::size_t to = std::min(events.size(), from + kMostEvents);
        Record& record = records_[++last_record_];
        record.request = request;
        record.events.assign(events.begin() + static_cast<std::ptrdiff_t>(from),
                             events.begin() + static_cast<std::ptrdiff_t>(to));
        to_send_.push_back(last_record_);
    }
}

void Trail::pump(Time now, bool connected, Effects& out) {
    for (auto& [request, events] : open_) close(request, std::move(events));
    open_.clear();
    while (!waiting_for_answer_.empty() && now - waiting_for_answer_.front().first >= kAnswerWithin) {
        const std::uint64_t attempt = waiting_for_answer_.front().second;
        waiting_for_answer_.pop_front();
        if (unanswered_.erase(attempt) == 0) continue;
        failed(record_of_.at(attempt), {ErrorCode::unavailable, "the audit stream does not answer"}, now);
    }
    if (records_.empty()) sink_.nothing_left();
    const std::size_t most = sink_.is_in_doubt() ? 1 : kMostUnanswered;
    while (connected && sink_.may_send(now) && !to_send_.empty() && unanswered_.size() < most) {
        const std::uint64_t number = to_send_.front();
        to_send_.pop_front();
        send(number, now, out);
    }
}

std::vector<EventRef> Trail::left_of(const Record& record) const {
    std::vector<EventRef> left;
    std::ranges::copy_if(record.events, std::back_inserter(left),
                         [this](EventRef ref) { return holds(ref) && ledger_.find(ref) != nullptr; });
    return left;
}

void Trail::send(std::uint64_t number, Time now, Effects& out) {
    const auto found = records_.find(number);
    if (found == records_.end()) return;
    Record& record = found->second;
    std::vector<EventRef> left = left_of(record);
    if (left.empty()) return end(number);
    const std::uint64_t attempt = ++last_attempt_;
    Audit audit{StoreId{attempt}, record.request, number, {}};
    for (const EventRef ref : left) audit.events.emplace_back(ledger_.find(ref.delivery), ledger_.find(ref));
    record.attempts.insert(attempt);
    record_of_[attempt] = number;
    unanswered_.insert(attempt);
    waiting_for_answer_.emplace_back(now, attempt);
    out.emplace_back(std::move(audit));
}

bool Trail::stored(const Stored& stored, Time now) {
    const auto attempt = static_cast<std::uint64_t>(stored.id);
    if (attempt <= kFirst || attempt >= kEnd) return false;
    const auto of = record_of_.find(attempt);
    if (of == record_of_.end()) return true;
    const std::uint64_t number = of->second;
    const bool in_time = unanswered_.erase(attempt) > 0;
    if (stored.error) {
        records_.at(number).attempts.erase(attempt);
        record_of_.erase(of);
        if (!in_time) return true;  // the attempt after it will tell
        if (stored.error->code == ErrorCode::too_large && records_.at(number).events.size() > 1) {
            halve(number);
        } else {
            failed(number, *stored.error, now);
        }
        return true;
    }
    sink_.took();
    homeless_since_.reset();
    for (const EventRef ref : left_of(records_.at(number))) {
        ledger_.find(ref)->settlement.audited = stored.sequence;
        told_.push_back(ref);
    }
    end(number);
    return true;
}

void Trail::failed(std::uint64_t number, const Error& error, Time now) {
    Error told = error;
    if (error.code == ErrorCode::not_found) {
        if (!homeless_since_) homeless_since_ = now;
        told.code = now - *homeless_since_ < kElection ? ErrorCode::unavailable : ErrorCode::misconfigured;
    }
    told.text = "audit: " + told.text;
    sink_.failed(told, now);
    to_send_.push_back(number);
}

void Trail::halve(std::uint64_t number) {
    Record& first = records_.at(number);
    const auto middle = first.events.begin() + static_cast<std::ptrdiff_t>(first.events.size() / 2);
    Record second;
    second.request = first.request;
    second.events.assign(middle, first.events.end());
    first.events.erase(middle, first.events.end());
    records_.emplace(++last_record_, std::move(second));
    to_send_.push_front(last_record_);
    to_send_.push_front(number);
}

void Trail::end(std::uint64_t number) {
    for (const EventRef ref : records_.at(number).events) waiting_.erase(ref);
    for (const std::uint64_t attempt : records_.at(number).attempts) {
        record_of_.erase(attempt);
        unanswered_.erase(attempt);
    }
    records_.erase(number);
}

void Trail::clear() {
    waiting_.clear();
    open_.clear();
    records_.clear();
    to_send_.clear();
    record_of_.clear();
    waiting_for_answer_.clear();
    unanswered_.clear();
    told_.clear();
}

Time Trail::next_due(Time now) const {
    Time due = kNever;
    if (!to_send_.empty() && sink_.again_at() > now) due = sink_.again_at();
    if (!waiting_for_answer_.empty()) {
        const Time late = waiting_for_answer_.front().first + kAnswerWithin;
        if (late > now) due = std::min(due, late);
    }
    return due;
}

}  // namespace millrace::engine
