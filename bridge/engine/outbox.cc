#include "bridge/engine/outbox.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "bridge/engine/backoff.h"
#include "bridge/engine/summary.h"

namespace millrace::engine {

namespace {

constexpr BackoffRule kAgain{std::chrono::milliseconds(100), std::chrono::seconds(5)};
constexpr BackoffRule kAgainMisconfigured{std::chrono::seconds(1), std::chrono::seconds(30)};

bool is_compared(const state::OutboxEntry& entry) { return is_summary(static_cast<Output>(entry.output)); }

}  // namespace

void Outbox::begin(std::vector<state::OutboxEntry> entries, std::vector<std::uint64_t> base, bool inherited) {
    clear();
    base_ = std::move(base);
    for (state::OutboxEntry& entry : entries) {
        const bool unsure = inherited && !is_compared(entry);
        rows_.push_back({std::move(entry), unsure ? Standing::unsure : Standing::waiting, std::nullopt, {}});
    }
    left_ = rows_.size();
}

void Outbox::clear() {
    rows_.clear();
    attempts_.clear();
    left_ = 0;
    unanswered_ = 0;
    searching_.reset();
    search_due_ = {};
    not_before_ = {};
    failures_ = 0;
    trouble_.clear();
}

void Outbox::pump(Time now, bool connected, Duration duplicate_window, Effects& out) {
    if (left_ == 0) return;
    for (Row& row : rows_) {
        if (row.standing != Standing::sent || now - row.sent < kAnswerWithin) continue;
        wait_again(row);
        failed({ErrorCode::unavailable, "the outputs do not answer publications"}, now);
    }
    if (searching_ && now >= search_due_) searching_.reset();
    if (!connected || now < not_before_) return;
    bool unsure = false;
    for (std::size_t place = 0; place < rows_.size(); ++place) {
        Row& row = rows_[place];
        if (row.standing == Standing::waiting && row.first_attempt && now - *row.first_attempt > duplicate_window / 2)
            row.standing = Standing::unsure;
        unsure = unsure || row.standing == Standing::unsure;
        if (row.standing == Standing::waiting && unanswered_ < (failures_ == 0 ? kMostUnanswered : 1))
            send(place, now, out);
    }
    if (unsure && !searching_ && now >= search_due_) search(now, out);
}

void Outbox::send(std::size_t place, Time now, Effects& out) {
    Row& row = rows_[place];
    const std::uint64_t number = numbers_.next();
    const auto output = static_cast<Output>(row.entry.output);
    row.sent = now;
    row.attempt = number;
    row.standing = Standing::sent;
    ++unanswered_;
    attempts_.emplace(number, place);
    if (is_compared(row.entry) && !row.last) {
        out.emplace_back(Read{.number = number,
                              .partition = Numbers::partition_of(number),
                              .from = Read::From::output,
                              .output = output,
                              .which = Read::Which::last,
                              .subject = row.entry.subject});
        return;
    }
    if (!is_compared(row.entry) && !row.first_attempt) row.first_attempt = now;
    out.emplace_back(
        Write{StoreId{number}, output, row.entry.subject, &row.entry.headers, row.entry.payload, row.last});
}

// Whatever was known of the bucket may have changed meanwhile, by our own attempt too.
void Outbox::wait_again(Row& row) {
    row.standing = Standing::waiting;
    row.last.reset();
    --unanswered_;
}

void Outbox::search(Time now, Effects& out) {
    searching_ = numbers_.next();
    search_due_ = now + kFoundWithin;
    Find find;
    find.number = *searching_;
    std::vector<std::uint64_t> from = base_;
    std::vector<bool> wanted(from.size());
    for (const Row& row : rows_) {
        if (row.standing == Standing::unsure && row.entry.output < wanted.size()) wanted[row.entry.output] = true;
    }
    for (std::size_t o = 0; o < from.size(); ++o) from[o] = wanted[o] ? from[o] + 1 : UINT64_MAX;
    find.from_sequence = std::move(from);
    find.input_to = UINT64_MAX;
    out.emplace_back(std::move(find));
}

bool Outbox::stored(const Stored& stored, Time now) {
    const auto attempt = attempts_.find(static_cast<std::uint64_t>(stored.id));
    if (attempt == attempts_.end()) return false;
    Row& row = rows_[attempt->second];
    attempts_.erase(attempt);
    if (row.standing == Standing::confirmed) return true;
    if (!stored.error) {
        failures_ = 0;
        trouble_.clear();
        saw(row.entry.output, stored.sequence);
        confirm(row);
    } else if (row.standing == Standing::sent) {
        wait_again(row);
        const bool passed_by = is_compared(row.entry) && stored.error->code == ErrorCode::conflict;
        failed(passed_by ? Error{ErrorCode::unavailable, {}} : *stored.error, now);
    }
    return true;
}

// An answer to an earlier attempt may be older than what that attempt itself has stored since.
bool Outbox::got(const GotMessage& got, Time now) {
    const auto attempt = attempts_.find(got.number);
    if (attempt == attempts_.end()) return false;
    Row& row = rows_[attempt->second];
    attempts_.erase(attempt);
    if (row.standing != Standing::sent || row.attempt != got.number) return true;
    if (got.error) {
        wait_again(row);
        failed(*got.error, now);
        return true;
    }
    failures_ = 0;
    trouble_.clear();
    if (got.message && is_superseded(row.entry, got.message->headers)) {
        confirm(row);
        return true;
    }
    wait_again(row);
    row.last = got.message ? got.message->sequence : 0;
    return true;
}

void Outbox::saw(const std::vector<std::uint64_t>& sequences) {
    seen_.resize(std::max(seen_.size(), sequences.size()));
    for (std::size_t o = 0; o < sequences.size(); ++o) seen_[o] = std::max(seen_[o], sequences[o]);
}

void Outbox::saw(std::uint32_t output, std::uint64_t sequence) {
    if (output < seen_.size()) seen_[output] = std::max(seen_[output], sequence);
}

std::vector<state::OutboxEntry> Outbox::unconfirmed() const {
    std::vector<state::OutboxEntry> entries;
    for (const Row& row : rows_) {
        if (row.standing != Standing::confirmed) entries.push_back(row.entry);
    }
    return entries;
}

void Outbox::confirm(Row& row) {
    if (row.standing == Standing::sent) --unanswered_;
    row.standing = Standing::confirmed;
    --left_;
}

bool Outbox::found(const Found& found, Time now) {
    if (!searching_ || found.number != *searching_) return false;
    searching_.reset();
    if (found.error) {
        search_due_ = now + backoff(kAgain, ++failures_, random_);
        trouble_ = found.error->code == ErrorCode::unavailable ? std::string() : found.error->text;
        return true;
    }
    search_due_ = {};
    const std::unordered_set<Identity> stored(found.identities.begin(), found.identities.end());
    for (Row& row : rows_) {
        if (row.standing != Standing::unsure) continue;
        if (stored.contains(row.entry.id)) {
            confirm(row);
        } else {
            // Whatever was sent before now is not stored, and what is sent from now on is covered by the window.
            row.standing = Standing::waiting;
            row.first_attempt.reset();
        }
    }
    return true;
}

// An attempt that was on its way when the search began may still arrive; the window covers it, because it was sent less
// than half of it ago, or else its answer was given up long before.
void Outbox::disconnected() {
    searching_.reset();
    search_due_ = {};
    for (Row& row : rows_) {
        if (row.standing == Standing::sent) wait_again(row);
    }
}

void Outbox::failed(const Error& error, Time now) {
    const bool passing = error.code == ErrorCode::unavailable;
    if (!passing) trouble_ = error.text;
    if (now < not_before_) return;
    not_before_ = now + backoff(passing ? kAgain : kAgainMisconfigured, ++failures_, random_);
}

Time Outbox::next_due(Time now) const {
    if (left_ == 0) return kNever;
    Time due = kNever;
    const auto consider = [&](Time t) {
        if (t > now) due = std::min(due, t);
    };
    consider(not_before_);
    consider(search_due_);
    for (const Row& row : rows_) {
        if (row.standing == Standing::sent) consider(row.sent + kAnswerWithin);
    }
    return due;
}

}  // namespace millrace::engine
