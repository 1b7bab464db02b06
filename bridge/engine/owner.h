// Owner: one partition that has one owner at a time, seen from one replica.
//
//     looking ─▶ surveying ─▶ checking ─▶ loading ─▶ claiming ─▶ owning ─▶ left
//        ▲                                              │           │
//        └──────── the head was not stored in time, or another one was ───┘
//
// The last head of the partition is also its lease: an owner stores one at least every third of the lease, and whoever
// has seen the same head for a whole lease may store the next one, with the next epoch. Compare-and-set lets one of
// them succeed, and the late one learns it from its own commit: it drops everything it held and looks again. What it
// may have published meanwhile was committed before, so the new owner finds it or publishes the same bytes.
//
// Owning: messages are applied in stream order, as they come or, where events are scored, as each event of theirs has
// its result stored or its verdict. What a new owner scores may have been scored before it: it has the results above
// the floor looked up before it takes the first message, from a place that the heads keep. A commit freezes what
// changed into a head, publishes what it says once it is stored, and then acks everything up to its floor. While it is
// under way the next one collects. A head that is stored although the outbox of the one before is not confirmed carries
// it along, and nothing new.
//
// An idle partition's clock is moved by proof (SEMANTICS D3): a head of ours is read back, so that its stored time S is
// the server's; if the input then holds nothing above the floor, every later message is stored after S.
//
// Thread: one engine's. Time: told, on a clock that counts suspension. Bounds: messages waiting to be applied by the
// credit the engine gives; the outbox by the Applier's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/random.h"
#include "bridge/base/stream.h"
#include "bridge/engine/applier.h"
#include "bridge/engine/chain.h"
#include "bridge/engine/checkpoint.h"
#include "bridge/engine/numbers.h"
#include "bridge/engine/outbox.h"
#include "bridge/engine/reading.h"
#include "bridge/engine/rendering.h"
#include "bridge/settings/settings.h"

namespace millrace::engine {

// A state of affairs that only a person can end.
struct Halt {
    std::string name;
    std::string remedy;
};

// Whether the input is the one a state stands on, and whole from there. `created`: of the input stream when the state
// was written; nothing where that does not matter.
[[nodiscard]] std::optional<Halt> input_misfit(const Bound& bound, std::optional<ServerTime> created,
                                               std::uint64_t floor, std::uint64_t clear_to);

class Owner {
  public:
    // All outlive it. `fingerprint` is of what the configuration means.
    Owner(const settings::Pipeline& pipeline, Partition partition, Digest fingerprint, const Rendering& rendering,
          std::uint64_t seed);

    // Frees what the effects of the last step named.
    void sweep() { spent_.clear(); }
    void disconnected();
    // The deliveries are to be taken anew from where we are: the pulls, the process or the consumer were gone.
    void reposition();

    void bound(const Bound& bound, Time now, Effects& out);
    void bind_failed(const BindFailed& failed, Time now);
    void stored(const Stored& stored, Time now);
    void found(const Found& found, Time now);
    void got(const GotMessage& got, Time now, Effects& out);
    // Whether it is the next one of the position and has to be handed over; otherwise it comes again.
    [[nodiscard]] bool accepts(const Delivery& delivery, Time now);
    // Requires: accepted. It can be applied.
    void take(std::unique_ptr<Delivery> delivery);
    // Requires: accepted. It is worked on elsewhere under `id`, until it is `settled` or among what is `given_up`.
    // Whatever comes of it is stored in the results' stream above `result_base`.
    void await(const Delivery& delivery, DeliveryId id, std::uint64_t result_base);
    void settled(std::unique_ptr<Delivery> delivery);
    // Requires: awaited, and not settled. Its verdict is committed before that: `verdicts_stored` tells when.
    void condemn(EventRef event, const Delivery& delivery, const Event& record);
    [[nodiscard]] std::vector<EventRef> verdicts_stored() { return std::exchange(verdicts_stored_, {}); }
    // Such a verdict on the event is stored already. Requires: accepted.
    [[nodiscard]] bool is_condemned(EventPlace place) const { return applier_->is_condemned(place); }
    // Owners before this one died one after the other and did not get on: what lies above the floor may be what they
    // died of. Its events are tried one at a time then, each noted in a head before: `note_try`, wait until it is
    // `noted`, try it, and tell that it was `tried`. Until as many were tried as one owner has on their way; where none
    // is there, nobody is held up.
    [[nodiscard]] bool careful() const { return owns() && careful_for_ > 0 && !waiting_.empty(); }
    // How many owners died while the event was being tried.
    [[nodiscard]] std::uint32_t deaths_of(EventPlace place) const;
    void note_try(EventPlace place);
    [[nodiscard]] bool noted() const { return owns() && head_->tried == tried_; }
    void tried();
    void found_guilty();  // instead, where it is not to be tried any more
    // What was awaited and is not any more, since the last call.
    [[nodiscard]] std::vector<DeliveryId> given_up() { return std::exchange(given_up_, {}); }
    // Asks once after each claim: results above the floor that may be stored, to be looked up before anything is taken.
    [[nodiscard]] std::optional<Find> want_recovery();
    void recovered(Time now);
    void pump(Time now, bool connected, Effects& out);
    // Commit what is applied, hand over, and leave; at the deadline leave as it is.
    void drain(Time deadline);

    // Deliveries of the current position are wanted; otherwise none may be asked for.
    [[nodiscard]] bool takes() const { return owns() && place_ == Standing::there && !leaving_; }
    [[nodiscard]] bool owns() const { return phase_ == Phase::owning; }
    // Owns the partition and has its deliveries, or knows its owner and could take over.
    [[nodiscard]] bool able() const { return takes() || (phase_ == Phase::looking && watched_); }
    [[nodiscard]] bool left() const { return phase_ == Phase::left; }
    [[nodiscard]] const std::optional<Halt>& halt() const { return halt_; }
    // How many messages the server has handed out and not got acked, and the bytes of those not applied.
    [[nodiscard]] std::size_t unacked() const { return static_cast<std::size_t>(received_ - acked_); }
    [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
    [[nodiscard]] std::size_t bytes() const { return applier_ ? applier_->bytes() : 0; }
    [[nodiscard]] std::size_t publications() const { return outbox_.size(); }
    [[nodiscard]] std::uint64_t epoch() const { return owns() ? head_->epoch : 0; }
    [[nodiscard]] std::string trouble() const;
    [[nodiscard]] Time next_due(Time now) const;

  private:
    static constexpr Duration kIdleAfter = std::chrono::seconds(1);
    static constexpr Duration kProveEvery = std::chrono::seconds(1);
    static constexpr Duration kCheckInputEvery = std::chrono::minutes(1);
    static constexpr Duration kDoubtAgain = std::chrono::seconds(1);
    static constexpr Duration kDoubtFor = std::chrono::seconds(15);
    static constexpr std::uint64_t kDeltaWeight = 1024;
    static constexpr std::uint64_t kSmallState = 64 << 10;
    static constexpr std::uint32_t kCarefulAfter = 3;  // deaths

    enum class Phase { looking, surveying, checking, loading, claiming, owning, left };
    enum class Standing { away, asked, there };   // of the position
    enum class Recovery { done, wanted, asked };  // of what is stored already
    enum class Asker { nobody, look, floor, chain, acked, verify, commit, server_time, input };
    // A message of the input, by its place and its time.
    struct Mark {
        std::uint64_t sequence = 0;
        ServerTime stored_at{};
    };
    // How to ack up to a message: by whom it was delivered, and as the how manieth.
    struct AckPoint {
        std::string subject;
        std::uint64_t count = 0;
    };
    // A message that is received and not applied.
    struct Waiting {
        std::unique_ptr<Delivery> delivery;  // null while it is awaited
        DeliveryId id{};                     // then
        std::uint64_t sequence = 0;
        std::size_t bytes = 0;
        std::uint64_t result_base = 0;
    };
    struct Weight {  // of what is to be read to have the state
        std::uint64_t base = 0;
        std::uint64_t deltas = 0;
        void add(const state::Head& head);
        [[nodiscard]] bool wants_base() const;
    };

    // Taking the partition (owner_claim.cc).
    void look_again(Time now);
    void look(Time now);
    void saw(const GotMessage& got, Time now, Effects& out);
    void survey(Time now, Effects& out);
    void surveyed(const Bound& bound, Time now);
    void check_acked(const GotMessage& got);
    void check_floor();
    void check_floor(const GotMessage& got);
    void load();
    void chain(const GotMessage& got, Time now);
    void suspect(std::string name, std::string remedy);
    void verify(const GotMessage& got, Time now, Effects& out);
    bool doubted(const Halt& misfit, Time now, Effects& out);  // whether it has halted
    void claim(Time now);
    void claimed(Time now, Effects& out);
    void stop(std::string name, std::string remedy);
    [[nodiscard]] std::optional<Halt> input_misfit(const Bound& bound, std::uint64_t floor,
                                                   std::uint64_t clear_to) const;
    state::Writer new_writer();
    [[nodiscard]] Duration look_back() const;

    // Owning (owner.cc).
    void own(Time now, Effects& out);
    void committed(Time now, Effects& out);
    void lost(const std::string& why, Time now, Effects& out);
    void apply(Effects& out);
    [[nodiscard]] bool wants_commit(Time now) const;
    [[nodiscard]] bool lease_wants_commit(Time now) const;
    void freeze(Time now);
    [[nodiscard]] bool goes_with_heads(const state::OutboxEntry& entry) const;
    void carry_on(Time now);  // a head without anything new
    state::Head next_head(bool whole) const;
    void ack(Effects& out);
    void take_position(Time now, Effects& out);
    void let_go_of_waiting(bool all);
    void recover_from(bool anew);
    // Every result of what is not applied is, or will be, stored above it.
    [[nodiscard]] std::uint64_t result_base() const;
    [[nodiscard]] std::vector<std::uint64_t> out_base() const;

    // What is known of the input (owner_input.cc).
    void close_quiet();
    [[nodiscard]] std::optional<Duration> lateness() const;
    void prove_idle(Time now);
    void server_time(const GotMessage& got);
    void nothing_above(const GotMessage& got, Time now);
    void check_input(Time now, Effects& out);
    void input_looked_at(const Bound& bound, Time now, Effects& out);
    bool still_fits(const Bound& bound, std::uint64_t floor, std::uint64_t clear_to, Time now, Effects& out);

    void ask(Asker asker, Read read);
    [[nodiscard]] Note tell(Level level, std::string event, std::string text) const;

    const settings::Pipeline& pipeline_;
    const Partition partition_;
    const Digest fingerprint_;
    const Rendering& rendering_;
    const std::string subject_;  // of the heads
    Random random_;
    Numbers numbers_;
    Reading reading_;
    Chain chain_;
    Halt suspected_;
    std::optional<Time> doubted_since_;  // something did not fit, whenever it was looked at
    Checkpoint checkpoint_;
    Outbox outbox_;
    std::unique_ptr<Applier> applier_;
    std::optional<Halt> halt_;
    std::string trouble_;
    Time leave_by_{};

    Phase phase_ = Phase::looking;
    Asker asker_ = Asker::nobody;
    Standing place_ = Standing::away;
    Time due_{};  // the next look; or when an answer is given up
    std::uint32_t failures_ = 0;
    bool leaving_ = false;
    bool inherited_ = false;           // the entries of the commit under way may have been published before
    bool watched_ = false;             // the last head was read at least once
    std::uint64_t seen_ = 0;           // its sequence
    Time seen_since_{};                // since when it is that
    Bound bound_;                      // of the last look at the streams
    std::optional<state::Head> head_;  // the last one: read, then our own; without its content
    std::uint64_t head_sequence_ = 0;
    std::uint64_t base_sequence_ = 0;
    Time lease_until_{};
    Weight weight_;
    std::vector<state::OutboxEntry> entries_;  // of the commit under way

    Position position_;
    Time position_due_{};
    std::uint64_t received_ = 0;  // of the position's deliveries
    std::uint64_t acked_ = 0;     // of them
    std::uint64_t received_sequence_ = 0;
    std::deque<Waiting> waiting_;
    std::vector<DeliveryId> given_up_;
    std::vector<EventRef> verdicts_;         // not frozen
    std::vector<EventRef> verdicts_frozen_;  // in the commit under way
    std::vector<EventRef> verdicts_stored_;
    Recovery recovery_ = Recovery::done;
    std::uint64_t recovered_base_ = 0;   // of the results looked up
    std::uint64_t recovered_up_to_ = 0;  // messages that may have been scored before; all until that is known
    std::uint64_t newest_base_ = 0;      // of what was awaited last
    std::size_t careful_for_ = 0;        // so many more tries
    std::vector<state::Tried> tried_;    // as the next head says
    std::optional<EventPlace> trying_;
    // What we noted ourselves and may still be in the last head: who is here to look at it has not died of it.
    std::map<EventPlace, std::uint32_t> survived_;
    state::Writer last_writer_{};  // of the last head that was ours
    std::size_t waiting_bytes_ = 0;
    std::vector<std::unique_ptr<Delivery>> spent_;
    Mark applied_;  // every message of the partition up to it is applied, none above it
    AckPoint applied_ack_;
    AckPoint floor_ack_;  // of the commit under way
    std::uint64_t backlog_ = 0;
    Time committed_at_{};  // when the last commit began

    std::uint64_t clear_to_ = 0;  // nothing of the partition lies above what was received up to here
    bool proving_ = false;
    Time proof_due_{};
    Time received_at_{};
    ServerTime server_time_{};
    bool input_asked_ = false;
    std::uint64_t looked_from_ = 0;  // what was applied when that was asked
    std::uint64_t looked_at_ = 0;    // the input's last sequence then
    Time check_due_{};
};

}  // namespace millrace::engine
