// Checkpoint: stores one commit of an owned partition, which is to say one head, by compare-and-set.
//
//     [head and what the commit publishes, as one] → parts (each confirmed) → head with the expected sequence
//                                                            → stored, or somebody else was first
//
// Where the state's stream takes atomic batches (SEMANTICS C12) a head that fits into one message is first tried
// together with what the commit publishes, once. If that is not answered with success the commit goes on as without:
// the two heads are of one commit, their contents differ, and the compare-and-set lets one of them be stored, so it
// does not matter what became of the attempt.
//
// One commit is under way at a time. An answer that does not come proves nothing: the same bytes are sent again with
// the same expectation, and when that is refused because the subject has moved on, the last head is read: it is this
// one, or it is another owner's and this one will never be stored (SEMANTICS C4).
//
// Thread: one engine's. Time: told. Bounds: the bytes of one commit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridge/base/random.h"
#include "bridge/base/stream.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/numbers.h"
#include "bridge/state/head.h"

namespace millrace::engine {

class Checkpoint {
  public:
    static constexpr Duration kAnswerWithin = std::chrono::seconds(5);  // at most

    // What has become of the commit.
    enum class Fate { open, stored, lost };

    // `lease`: one answer that is lost must not cost it.
    Checkpoint(std::string head_subject, Numbers& numbers, std::uint64_t seed, Duration lease)
        : subject_(std::move(head_subject)),
          numbers_(numbers),
          random_(seed),
          answer_within_(std::min(kAnswerWithin, lease / 4)) {}

    // `head` without its content. Requires: no commit is under way.
    void begin(state::Head head, std::string content, std::size_t max_message, Time now);
    // Try first to store these together with the head, whose content, without them, is `content`. Requires: just begun;
    // fewer than kMostTogether entries, which live until the commit is over.
    void together_with(std::span<const state::OutboxEntry> entries, std::string content);
    void pump(Time now, bool connected, Effects& out);
    // False when it is not about ours.
    bool stored(const Stored& stored, Time now);
    // The last head of the partition must be read before it is known what became of the commit.
    [[nodiscard]] bool wants_last() const { return step_ == Step::asking; }
    void last(const GotMessage& got);
    void disconnected();
    void clear();

    [[nodiscard]] bool busy() const { return step_ != Step::nothing; }
    // Asked once a commit is under way; after `stored` or `lost` none is.
    [[nodiscard]] Fate fate() const { return fate_; }
    // Requires: stored. The head as it was stored, without inline content.
    [[nodiscard]] const state::Head& head() const { return head_; }
    [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
    // When the first attempt of the head was sent.
    [[nodiscard]] Time sent_at() const { return first_sent_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] Time next_due(Time now) const;

  private:
    enum class Step { nothing, together, parts, head, asking };
    struct Part {
        std::string subject;
        std::string_view bytes;  // of content_
        bool confirmed = false;
    };

    void send_together(Time now, Effects& out);
    void go_apart(Time now);
    void send_parts(Time now, Effects& out);
    void send_head(Time now, Effects& out);
    void failed(const Error& error, Time now);

    const std::string subject_;
    Numbers& numbers_;
    Random random_;
    const Duration answer_within_;
    Step step_ = Step::nothing;
    Fate fate_ = Fate::open;
    state::Head head_;
    std::string content_;
    std::string bytes_;  // of the head
    std::vector<Part> parts_;
    state::Head joint_;  // the head that is tried together with entries
    std::string joint_bytes_;
    std::span<const state::OutboxEntry> entries_;
    std::size_t room_ = 0;                                     // for a content in its head
    bool takes_none_ = false;                                  // the server has said that it takes no batches from us
    std::unordered_map<std::uint64_t, std::size_t> attempts_;  // StoreId → part; the head is kHead, or kJoint
    bool waiting_ = false;                                     // for an answer to what was sent last
    Time due_{};                                               // of that answer; or nothing is sent before
    Time first_sent_{};
    std::uint64_t sequence_ = 0;
    std::uint32_t failures_ = 0;
    std::string trouble_;
};

}  // namespace millrace::engine
