#include "bridge/engine/checkpoint.h"

#include <algorithm>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/engine/backoff.h"

namespace millrace::engine {

namespace {

constexpr BackoffRule kAgain{std::chrono::milliseconds(100), std::chrono::seconds(2)};
constexpr BackoffRule kAgainMisconfigured{std::chrono::seconds(1), std::chrono::seconds(30)};
constexpr std::size_t kHead = SIZE_MAX;
constexpr std::size_t kJoint = SIZE_MAX - 1;
// What a head has besides its content, at most and generously: its fields, a few bytes an output, and what the message
// around it takes.
constexpr std::size_t kHeadRoom = 4096;
const std::vector<Header> kNoHeaders;

}  // namespace

void Checkpoint::begin(state::Head head, std::string content, std::size_t max_message, Time now) {
    MILLRACE_CHECK(!busy(), "one commit at a time");
    clear();
    head_ = std::move(head);
    content_ = std::move(content);
    head_.content_size = content_.size();
    head_.content_digest = digest(content_);
    const std::size_t around = kHeadRoom + 10 * head_.out_base.size();
    room_ = max_message > 2 * around ? max_message - around : around;
    if (content_.size() <= room_) {
        head_.content = content_;
        step_ = Step::head;
    } else {
        const std::string_view all = content_;
        for (std::size_t at = 0; at < all.size(); at += room_) parts_.push_back({{}, all.substr(at, room_), false});
        head_.parts = static_cast<std::uint32_t>(parts_.size());
        for (std::uint32_t i = 0; i < head_.parts; ++i) parts_[i].subject = state::part_subject(subject_, head_, i);
        step_ = Step::parts;
    }
    due_ = now;
}

void Checkpoint::together_with(std::span<const state::OutboxEntry> entries, std::string content) {
    MILLRACE_CHECK(busy() && attempts_.empty(), "a commit that has just begun");
    if (entries.empty() || content.size() > room_ || takes_none_) return;
    joint_ = head_;
    joint_.parts = 0;
    joint_.together = static_cast<std::uint32_t>(entries.size());
    joint_.content_size = content.size();
    joint_.content_digest = digest(content);
    joint_.content = std::move(content);
    entries_ = entries;
    step_ = Step::together;
}

// Whatever became of it: the heads are told apart by their contents.
void Checkpoint::go_apart(Time now) {
    step_ = parts_.empty() ? Step::head : Step::parts;
    waiting_ = false;
    due_ = now;
}

void Checkpoint::clear() {
    step_ = Step::nothing;
    fate_ = Fate::open;
    joint_ = {};
    joint_bytes_.clear();
    entries_ = {};
    content_.clear();
    bytes_.clear();
    parts_.clear();
    attempts_.clear();
    waiting_ = false;
    due_ = {};
    first_sent_ = {};
    failures_ = 0;
    trouble_.clear();
}

void Checkpoint::pump(Time now, bool connected, Effects& out) {
    if (!busy() || !connected || wants_last()) return;
    if (waiting_ && now >= due_) {
        waiting_ = false;
        step_ == Step::together ? go_apart(now)
                                : failed({ErrorCode::unavailable, "the state stream does not answer"}, now);
    }
    if (waiting_ || now < due_) return;
    if (step_ == Step::together) return send_together(now, out);
    step_ == Step::parts ? send_parts(now, out) : send_head(now, out);
}

void Checkpoint::send_together(Time now, Effects& out) {
    joint_bytes_ = state::write(joint_);
    WriteTogether batch;
    for (const state::OutboxEntry& entry : entries_) {
        batch.writes.push_back({StoreId{numbers_.next()}, static_cast<Output>(entry.output), entry.subject,
                                &entry.headers, entry.payload, std::nullopt});
    }
    const std::uint64_t number = numbers_.next();
    attempts_.emplace(number, kJoint);
    batch.writes.push_back({StoreId{number}, Output::state, subject_, &kNoHeaders, joint_bytes_, joint_.previous});
    out.emplace_back(std::move(batch));
    first_sent_ = now;
    waiting_ = true;
    due_ = now + answer_within_;
}

void Checkpoint::send_parts(Time now, Effects& out) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (parts_[i].confirmed) continue;
        const std::uint64_t number = numbers_.next();
        attempts_.emplace(number, i);
        out.emplace_back(
            Write{StoreId{number}, Output::state, parts_[i].subject, &kNoHeaders, parts_[i].bytes, std::nullopt});
    }
    waiting_ = true;
    due_ = now + answer_within_;
}

void Checkpoint::send_head(Time now, Effects& out) {
    if (bytes_.empty()) bytes_ = state::write(head_);
    const std::uint64_t number = numbers_.next();
    attempts_.emplace(number, kHead);
    if (first_sent_ == Time{}) first_sent_ = now;
    out.emplace_back(Write{StoreId{number}, Output::state, subject_, &kNoHeaders, bytes_, head_.previous});
    waiting_ = true;
    due_ = now + answer_within_;
}

bool Checkpoint::stored(const Stored& stored, Time now) {
    const auto attempt = attempts_.find(static_cast<std::uint64_t>(stored.id));
    if (attempt == attempts_.end()) return false;
    const std::size_t place = attempt->second;
    attempts_.erase(attempt);
    if (!stored.error) {
        failures_ = 0;
        trouble_.clear();
        if (place == kHead || place == kJoint) {
            if (place == kJoint) head_ = joint_;
            sequence_ = stored.sequence;
            fate_ = Fate::stored;
            step_ = Step::nothing;
            return true;
        }
        parts_[place].confirmed = true;
        if (head_.first_part == 0 || stored.sequence < head_.first_part) head_.first_part = stored.sequence;
        if (step_ == Step::parts && std::ranges::all_of(parts_, &Part::confirmed)) {
            step_ = Step::head;
            waiting_ = false;
            due_ = now;
        }
        return true;
    }
    if (step_ == Step::nothing) return true;
    if (stored.error->code == ErrorCode::conflict) {
        // Perhaps an attempt of our own made it so.
        step_ = Step::asking;
        waiting_ = false;
        return true;
    }
    if (place == kJoint) {
        takes_none_ = stored.error->code == ErrorCode::misconfigured;
        if (step_ == Step::together) go_apart(now);
        return true;
    }
    waiting_ = false;
    failed(*stored.error, now);
    return true;
}

void Checkpoint::last(const GotMessage& got) {
    if (!wants_last()) return;
    step_ = Step::nothing;
    fate_ = Fate::lost;
    if (!got.message) return;  // deleted by hand: whoever did it decides what is true
    const auto last = state::read_head(got.message->payload);
    if (!last || last->writer != head_.writer || last->commit != head_.commit) return;
    if (last->together > 0) head_ = joint_;
    sequence_ = got.message->sequence;
    fate_ = Fate::stored;
}

void Checkpoint::disconnected() {
    if (step_ == Step::together && waiting_) go_apart({});
    waiting_ = false;
    due_ = {};
}

void Checkpoint::failed(const Error& error, Time now) {
    const bool passing = error.code == ErrorCode::unavailable;
    if (!passing) trouble_ = error.text;
    due_ = now + backoff(passing ? kAgain : kAgainMisconfigured, ++failures_, random_);
}

Time Checkpoint::next_due(Time now) const { return busy() && due_ > now ? due_ : kNever; }

}  // namespace millrace::engine
