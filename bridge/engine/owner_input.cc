// What an owner finds out about its input while it works: that it is idle, and that it is still the same.
#include <algorithm>
#include <utility>

#include "bridge/engine/owner.h"

namespace millrace::engine {

namespace {

// Servers of a cluster need not agree on the time to the millisecond, and another one may store the next message.
constexpr Duration kServersApart = std::chrono::milliseconds(500);
// Longer than it takes to notice that a pull request was lost.
constexpr Duration kLostAfter = std::chrono::seconds(15);

}  // namespace

// ---- idleness ----

// A tenant whose events stopped while others' go on needs no proof: whatever comes was stored after what is applied. At
// commits, and not with each message, because it looks at every tenant; that changes when a window closes, never what
// is in it.
void Owner::close_quiet() {
    if (const auto late = lateness(); late && applied_.stored_at != ServerTime{})
        applier_->idle(applied_.stored_at - *late);
}

// How long after its time an event may be stored and still count; nothing where it may be any time.
std::optional<Duration> Owner::lateness() const {
    if (pipeline_.event.timestamp.empty()) return Duration::zero();
    return pipeline_.event.late_arrival_tolerance;
}

// Moves the clock of a partition that has nothing to read, because the windows that are open would stay so until the
// next event. In three steps, each when the one before is done: a head that was stored while nothing came, its stored
// time, and the input's silence above what is applied.
void Owner::prove_idle(Time now) {
    const Duration quiet = now - received_at_;
    const bool silent = place_ == Standing::there && waiting_.empty() && !leaving_ && quiet >= kIdleAfter &&
                        (backlog_ == 0 || quiet >= kLostAfter) && !checkpoint_.busy() && outbox_.confirmed();
    if (!silent || !lateness() || !applier_->waits_for_time() || now < proof_due_ || reading_.busy()) return;
    if (committed_at_ < received_at_ + kIdleAfter || committed_at_ < proof_due_) {
        if (!applier_->wants_commit() && applied_.sequence == head_->floor) carry_on(now);
        return;
    }
    ask(Asker::server_time, {.from = Read::From::state, .which = Read::Which::last});
}

void Owner::server_time(const GotMessage& got) {
    if (!owns() || !got.message || got.message->sequence != head_sequence_ || !waiting_.empty()) return;
    server_time_ = got.message->stored_at;
    proving_ = true;
    ask(Asker::input, {.from = Read::From::input, .which = Read::Which::next, .sequence = applied_.sequence + 1});
}

void Owner::nothing_above(const GotMessage& got, Time now) {
    const bool proof = std::exchange(proving_, false);
    proof_due_ = now + kProveEvery;
    // What came meanwhile was perhaps stored before the proof began.
    if (!owns() || !waiting_.empty() || received_sequence_ > applied_.sequence) return;
    if (got.message) {
        // Delivered and lost on the way, with nothing behind it to show the gap; or held back for acks that were lost.
        if (received_ == acked_ && now - received_at_ >= kLostAfter) reposition();
        return;
    }
    if (!proof) {
        clear_to_ = std::max(clear_to_, looked_at_);
        return;
    }
    applier_->idle(server_time_ - *lateness() - kServersApart);
}

// ---- the same input ----

// What a limit of the stream removes before it is read leaves no trace in the deliveries.
void Owner::check_input(Time now, Effects& out) {
    if (now < check_due_ || place_ != Standing::there) return;
    check_due_ = now + kCheckInputEvery;
    input_asked_ = true;
    looked_from_ = applied_.sequence;
    out.emplace_back(Look{partition_, {}});
}

// What is delivered while it does not may lie behind a gap. The next position is judged before anything is taken.
bool Owner::still_fits(const Bound& bound, std::uint64_t floor, std::uint64_t clear_to, Time now, Effects& out) {
    const auto misfit = input_misfit(bound, floor, clear_to);
    if (!misfit) {
        doubted_since_.reset();
        return true;
    }
    reposition();
    position_due_ = now + kDoubtAgain;
    doubted(*misfit, now, out);
    return false;
}

void Owner::input_looked_at(const Bound& bound, Time now, Effects& out) {
    input_asked_ = false;
    if (!owns()) return;
    // The answer may be older than what has been applied since.
    if (!still_fits(bound, looked_from_, std::max(clear_to_, received_sequence_), now, out)) return;
    looked_at_ = bound.input_last_sequence;
    if (!waiting_.empty() || reading_.busy()) return;
    ask(Asker::input, {.from = Read::From::input, .which = Read::Which::next, .sequence = applied_.sequence + 1});
}

}  // namespace millrace::engine
