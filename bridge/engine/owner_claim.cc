// How a replica comes to own a partition: it looks at the last head until the partition is free, finds out whether the
// state fits the streams as they are, reads it, and stores the next head.
#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "bridge/engine/backoff.h"
#include "bridge/engine/inherit.h"
#include "bridge/engine/owner.h"

namespace millrace::engine {

namespace {

constexpr Duration kAnswerWithin = std::chrono::seconds(30);
constexpr Duration kLookAtLeast = std::chrono::seconds(1);
constexpr BackoffRule kAgain{std::chrono::milliseconds(500), std::chrono::seconds(10)};
constexpr BackoffRule kAgainMisconfigured{std::chrono::seconds(4), std::chrono::seconds(30)};

}  // namespace

void Owner::look_again(Time now) {
    phase_ = Phase::looking;
    due_ = now;
    asker_ = Asker::nobody;
    reading_.forget();
    checkpoint_.clear();
    outbox_.clear();
    applier_.reset();
    head_.reset();
    entries_.clear();
    verdicts_.clear();
    verdicts_frozen_.clear();
    verdicts_stored_.clear();
    let_go_of_waiting(true);
    careful_for_ = 0;
    tried_.clear();
    trying_.reset();
    recovery_ = Recovery::done;
    place_ = Standing::away;
    received_ = acked_ = 0;
    applied_ack_ = floor_ack_ = {};
    proving_ = input_asked_ = false;
    trouble_.clear();
}

void Owner::look(Time now) {
    if (reading_.busy() || now < due_) return;
    due_ = now + std::min<Duration>(kLookAtLeast, pipeline_.state.lease / 4);
    ask(Asker::look, {.from = Read::From::state, .which = Read::Which::last});
}

void Owner::saw(const GotMessage& got, Time now, Effects& out) {
    const std::uint64_t sequence = got.message ? got.message->sequence : 0;
    if (!watched_ || sequence != seen_) {
        seen_since_ = now;
        doubted_since_.reset();
    }
    watched_ = true;
    seen_ = sequence;
    head_sequence_ = sequence;
    head_.reset();
    if (got.message) {
        auto head = state::read_head(got.message->payload);
        if (!head) {
            trouble_ = "state at sequence " + std::to_string(sequence) + ": " + head.error().text;
            return;
        }
        head_ = std::move(*head);
        if (head_->generation > pipeline_.generation) {
            return stop("fingerprint_mismatch", "the state is of generation " + std::to_string(head_->generation) +
                                                    " (set generation to it or higher)");
        }
        if (head_->generation == pipeline_.generation && head_->fingerprint != fingerprint_) {
            return stop("fingerprint_mismatch",
                        "the configuration means something else than when the state was written (undo the change of "
                        "aggregates, event times or partitions, or raise `generation`, which begins anew at `start`)");
        }
    }
    trouble_.clear();
    const bool free = !head_ || head_->released || now - seen_since_ >= pipeline_.state.lease;
    if (free && !leaving_) survey(now, out);
}

void Owner::survey(Time now, Effects& out) {
    phase_ = Phase::surveying;
    due_ = now + kAnswerWithin;
    out.emplace_back(Look{partition_, look_back()});
}

// What ends after `start` needs what came before it.
Duration Owner::look_back() const {
    Duration longest{};
    for (const Aggregate& aggregate : pipeline_.aggregates) {
        const Window& window = aggregate.window;
        longest = std::max({longest, window.size, window.timeout, 2 * window.max_duration});
    }
    return longest + pipeline_.event.early_limit + pipeline_.event.out_of_order_tolerance;
}

void Owner::surveyed(const Bound& bound, Time now) {
    failures_ = 0;
    trouble_.clear();
    bound_ = bound;
    outbox_.saw(bound.output_last_sequence);
    if (!head_ && bound.ack_floor > 0) {
        return suspect("state_regressed", "there is no state, and messages up to " + std::to_string(bound.ack_floor) +
                                              " were acked (the state stream was removed: restore it, or remove the "
                                              "pipeline's consumers to begin anew)");
    }
    if (!head_ || head_->generation < pipeline_.generation) {
        applied_ = {bound.start_sequence == 0 ? 0 : bound.start_sequence - 1, {}};
        clear_to_ = applied_.sequence;
        return head_ ? load() : claim(now);
    }
    applied_ = {head_->floor, head_->floor_stored};
    clear_to_ = std::max(head_->floor, head_->clear_to);
    if (auto misfit = input_misfit(bound, head_->floor, clear_to_))
        return suspect(std::move(misfit->name), std::move(misfit->remedy));
    phase_ = Phase::checking;
    // Until a generation commits its first message, only owners of the one before can have acked.
    const bool fresh = head_->generation > 1 && head_->floor_stored == ServerTime{};
    if (fresh || bound.ack_floor <= clear_to_) return check_floor();
    ask(Asker::acked, {.from = Read::From::input, .which = Read::Which::next, .sequence = clear_to_ + 1});
}

// An ack floor may lie above the last message acked, on one of another partition.
void Owner::check_acked(const GotMessage& got) {
    if (!got.message || got.message->sequence > bound_.ack_floor) return check_floor();
    suspect("state_regressed", "the state ends at message " + std::to_string(head_->floor) + ", and messages up to " +
                                   std::to_string(bound_.ack_floor) +
                                   " were acked (the state stream was restored from an older copy: restore a newer "
                                   "one, or raise `generation`)");
}

void Owner::check_floor() {
    if (applied_.stored_at == ServerTime{}) return load();
    ask(Asker::floor, {.from = Read::From::input, .which = Read::Which::at, .sequence = applied_.sequence});
}

std::optional<Halt> Owner::input_misfit(const Bound& bound, std::uint64_t floor, std::uint64_t clear_to) const {
    std::optional<ServerTime> created;
    if (head_ && head_->generation == pipeline_.generation) created = head_->input_created;
    return engine::input_misfit(bound, created, floor, clear_to);
}

std::optional<Halt> input_misfit(const Bound& bound, std::optional<ServerTime> created, std::uint64_t floor,
                                 std::uint64_t clear_to) {
    if (created && bound.stream_created != *created) {
        return Halt{
            "input_regressed",
            "the input stream was made anew since the state was written (raise `generation` to begin anew with it)"};
    }
    if (bound.input_last_sequence < floor) {
        return Halt{"input_regressed",
                    "the input stream ends at " + std::to_string(bound.input_last_sequence) + ", and the state at " +
                        std::to_string(floor) +
                        " (it was restored from an older copy: restore a newer one, or raise `generation`)"};
    }
    if (bound.input_first_sequence > clear_to + 1) {
        return Halt{"input_trimmed",
                    "the input stream begins at " + std::to_string(bound.input_first_sequence) +
                        ", and what lay behind " + std::to_string(clear_to) +
                        " was never read (give the stream higher limits; raise `generation` to go on without)"};
    }
    return std::nullopt;
}

// The message at the floor is the one that was applied there, or is gone by now.
void Owner::check_floor(const GotMessage& got) {
    if (!got.message || got.message->stored_at == applied_.stored_at) return load();
    suspect("input_regressed", "message " + std::to_string(applied_.sequence) +
                                   " of the input stream is not the one the state was made of (it was restored or made "
                                   "anew: restore it, or raise `generation`)");
}

void Owner::load() {
    phase_ = Phase::loading;
    applier_ = std::make_unique<Applier>(pipeline_, partition_, rendering_);
    if (head_->generation < pipeline_.generation) {
        chain_.begin_outbox(*head_, head_sequence_, reading_);
    } else {
        chain_.begin(*head_, head_sequence_, reading_);
    }
    asker_ = Asker::chain;
}

void Owner::chain(const GotMessage& got, Time now) {
    const auto read = chain_.got(got, *applier_, reading_);
    asker_ = Asker::chain;
    if (read) {
        if (chain_.complete()) claim(now);
        return;
    }
    suspect("state_unreadable", read.error().text);
}

// What does not fit the head that was read may fit the last one: its owner is alive after all, or another replica was
// faster. The state is to be blamed only if nothing was stored since, and if it is so for long enough.
void Owner::suspect(std::string name, std::string remedy) {
    phase_ = Phase::checking;
    suspected_ = {std::move(name), std::move(remedy)};
    ask(Asker::verify, {.from = Read::From::state, .which = Read::Which::last});
}

void Owner::verify(const GotMessage& got, Time now, Effects& out) {
    const std::uint64_t last = got.message ? got.message->sequence : 0;
    if (last != head_sequence_) {
        watched_ = false;
        doubted_since_.reset();
        look_again(now);
    } else if (!doubted(suspected_, now, out)) {
        look_again(now);
        due_ = now + kDoubtAgain;
    }
}

// A server of a cluster that was just elected may answer as if what it has yet to apply were not there (nats-server
// before 2.11). So a misfit halts once it was found again and again for longer than that takes.
bool Owner::doubted(const Halt& misfit, Time now, Effects& out) {
    if (!doubted_since_) {
        doubted_since_ = now;
        out.emplace_back(tell(Level::warning, "doubted", misfit.name + ": " + misfit.remedy + "; looks again first"));
    }
    if (now - *doubted_since_ < kDoubtFor) return false;
    stop(misfit.name, misfit.remedy);
    return true;
}

state::Writer Owner::new_writer() {
    state::Writer writer{};
    for (std::size_t at = 0; at < writer.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t bits = random_.next();
        std::memcpy(writer.data() + at, &bits, sizeof bits);
    }
    return writer;
}

void Owner::claim(Time now) {
    phase_ = Phase::claiming;
    doubted_since_.reset();
    const bool anew = !head_ || head_->generation < pipeline_.generation;
    if (!applier_) applier_ = std::make_unique<Applier>(pipeline_, partition_, rendering_);
    state::Head head;
    head.epoch = head_ ? head_->epoch + 1 : 1;
    head.writer = new_writer();
    head.commit = head_ ? head_->commit + 1 : 1;
    head.previous = head_sequence_;
    head.base = anew ? 0 : head_->base == 0 ? head_sequence_ : head_->base;
    head.generation = pipeline_.generation;
    head.fingerprint = fingerprint_;
    head.input_created = bound_.stream_created;
    head.floor = applied_.sequence;
    head.floor_stored = applied_.stored_at;
    head.clear_to = clear_to_;
    head.outputs_after = !anew ? head_->outputs_after : ServerTime::min();
    if (const auto* time = std::get_if<ServerTime>(&pipeline_.input.start); anew && time != nullptr)
        head.outputs_after = *time;
    if (!anew && settings::has_endpoint(pipeline_)) {
        tried_ = head_->tried;
        for (state::Tried& each : tried_) {
            const auto ours = survived_.find(each.place);
            if (ours != survived_.end()) each.times -= std::min(each.times, ours->second);
        }
        std::erase_if(tried_, [](const state::Tried& each) { return each.times == 0; });
        head.tried = tried_;
        head.deaths = head_->deaths + (head_->released || head_->writer == last_writer_ ? 0 : 1);
    }
    state::Content content;
    const auto& last = bound_.output_last_sequence;
    auto inherited = inherit(pipeline_, head_ ? chain_.take_outbox() : std::vector<state::OutboxEntry>{},
                             head_ ? head_->out_base : std::vector<std::uint64_t>{}, last);
    if (!inherited) {
        return stop("output_missing", "a message for " + inherited.error().text +
                                          " is committed and perhaps not published, and no output has that subject any "
                                          "more (let a replica of the configuration before publish it)");
    }
    content.outbox = std::move(inherited->entries);
    recover_from(anew);
    head.out_base = std::move(inherited->base);
    if (settings::has_endpoint(pipeline_)) head.out_base.at(index(Output::result)) = result_base();
    applier_->publish_after(head.outputs_after);
    weight_ = {};
    if (!anew) weight_ = {chain_.base_bytes(), chain_.delta_bytes() + chain_.deltas() * kDeltaWeight};
    base_sequence_ = head.base;
    inherited_ = true;
    std::string bytes = state::write(content);
    entries_ = std::move(content.outbox);
    committed_at_ = now;
    checkpoint_.begin(std::move(head), std::move(bytes), bound_.max_payload, now);
}

// What was published before us. Without a state it may be anything that has an identity of ours; of another generation
// nothing has.
void Owner::recover_from(bool anew) {
    std::uint64_t base = 0;
    if (head_) {
        const std::uint64_t last = bound_.output_last_sequence.at(index(Output::result));
        base = anew ? last : head_->out_base.at(index(Output::result));
        // Of a stream that was made anew, or that the results have moved to, no sequence is known.
        if (base > last) base = 0;
    }
    recovered_base_ = newest_base_ = base;
    recovered_up_to_ = std::numeric_limits<std::uint64_t>::max();
}

void Owner::claimed(Time now, Effects& out) {
    phase_ = Phase::owning;
    last_writer_ = head_->writer;
    survived_.clear();
    position_ = {partition_, head_->epoch, 0, applied_.sequence + 1};
    position_due_ = now;
    received_at_ = now;
    proof_due_ = now;
    check_due_ = now + kCheckInputEvery;
    // Only scores that are aggregated have to be known; what is stored, the last message of a lane tells as well.
    if (settings::has_endpoint(pipeline_) && !pipeline_.aggregates.empty()) recovery_ = Recovery::wanted;
    out.emplace_back(tell(Level::info, "claimed",
                          "owned from now on, epoch " + std::to_string(head_->epoch) + ", from message " +
                              std::to_string(applied_.sequence + 1)));
    if (head_->deaths < kCarefulAfter && tried_.empty()) return;
    // What had its score has it found; of all else an owner sends no more before it learns anything.
    careful_for_ = std::size_t{pipeline_.endpoint.parallel_requests_per_partition} * pipeline_.endpoint.max_batch_count;
    // Other shards and pipelines of this process claim at the same moment, and what one of them tries is not to be
    // noted each time another one's kills.
    position_due_ = now + Duration(random_.next() % std::max<std::uint64_t>(1, pipeline_.state.lease.count()));
    out.emplace_back(tell(Level::warning, "careful",
                          "one owner after the other has died and not got beyond message " +
                              std::to_string(applied_.sequence) + "; events are tried one at a time"));
}

void Owner::stop(std::string name, std::string remedy) {
    halt_ = Halt{std::move(name), "partition " + std::to_string(partition_) + ": " + std::move(remedy)};
    reading_.forget();
    asker_ = Asker::nobody;
}

void Owner::bind_failed(const BindFailed& failed, Time now) {
    const bool passing = failed.error.code == ErrorCode::unavailable;
    const Time again = now + backoff(passing ? kAgain : kAgainMisconfigured, ++failures_, random_);
    if (failed.position) {
        if (*failed.position != position_ || place_ != Standing::asked) return;
        place_ = Standing::away;
        position_due_ = failed.error.code == ErrorCode::conflict ? now : again;
    } else if (phase_ == Phase::surveying) {
        look_again(now);
        due_ = again;
    } else if (!std::exchange(input_asked_, false) && owns()) {
        // The deliveries or their acks are denied.
        reposition();
        position_due_ = again;
    }
    trouble_ = passing || failed.error.code == ErrorCode::conflict ? std::string() : failed.error.text;
}

}  // namespace millrace::engine
