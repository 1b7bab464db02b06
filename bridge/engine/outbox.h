// Outbox: publishes what a commit says, each entry once within the commit's own reach.
//
// Entries are bytes with an identity, which the output stream drops when it has seen it within its duplicate window.
// Where an entry may have been published longer ago than half of it (by us, or by an owner before us) the streams are
// searched from a place known to be before the first attempt, and what is found counts as confirmed.
//
// Entries of a summary are never searched for: the last message of their subject is read from the bucket's leader. If
// it is as new as the entry, that is confirmed; otherwise the entry is stored while that message is still the last one,
// or else it is read again. So nobody puts something older over something newer, however late.
//
// Thread: one engine's. Time: told. Bounds: those of the commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/random.h"
#include "bridge/base/stream.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/numbers.h"
#include "bridge/settings/settings.h"
#include "bridge/state/head.h"

namespace millrace::engine {

class Outbox {
  public:
    static constexpr std::size_t kMostUnanswered = 256;
    static constexpr Duration kAnswerWithin = std::chrono::seconds(5);
    static constexpr Duration kFoundWithin = std::chrono::minutes(1);

    // Both outlive it.
    Outbox(const settings::Pipeline& pipeline, Numbers& numbers, std::uint64_t seed)
        : pipeline_(pipeline), numbers_(numbers), random_(seed) {}

    // Entries of a commit that is stored. `inherited`: somebody may have published them before. `base`: by Output,
    // known before the first attempt.
    void begin(std::vector<state::OutboxEntry> entries, std::vector<std::uint64_t> base, bool inherited);
    void pump(Time now, bool connected, Duration duplicate_window, Effects& out);
    // False when it is not about ours.
    bool stored(const Stored& stored, Time now);
    bool found(const Found& found, Time now);
    bool got(const GotMessage& got, Time now);
    void disconnected();

    [[nodiscard]] bool confirmed() const { return left_ == 0; }
    [[nodiscard]] std::size_t size() const { return left_; }
    // Those not confirmed, for a commit that carries them along, and the base they have.
    [[nodiscard]] std::vector<state::OutboxEntry> unconfirmed() const;
    [[nodiscard]] const std::vector<std::uint64_t>& base() const { return base_; }
    // The greatest sequence known of each output's stream.
    [[nodiscard]] const std::vector<std::uint64_t>& seen() const { return seen_; }
    void saw(const std::vector<std::uint64_t>& sequences);
    void saw(std::uint32_t output, std::uint64_t sequence);
    // Why the outputs do not take it; empty since the last entry that was stored.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] Time next_due(Time now) const;
    void clear();

  private:
    enum class Standing { waiting, sent, unsure, confirmed };
    struct Row {
        state::OutboxEntry entry;
        Standing standing = Standing::waiting;
        std::optional<Time> first_attempt;
        Time sent{};
        std::uint64_t attempt = 0;               // the last one
        std::optional<std::uint64_t> last = {};  // of a summary: its subject's last sequence; to be read where nothing
    };

    void send(std::size_t place, Time now, Effects& out);
    void wait_again(Row& row);
    void search(Time now, Effects& out);
    void confirm(Row& row);
    void failed(const Error& error, Time now);

    const settings::Pipeline& pipeline_;
    Numbers& numbers_;
    Random random_;
    std::vector<Row> rows_;
    std::vector<std::uint64_t> base_;
    std::vector<std::uint64_t> seen_;
    std::size_t left_ = 0;                                     // not confirmed
    std::unordered_map<std::uint64_t, std::size_t> attempts_;  // number of a publication or read → row
    std::size_t unanswered_ = 0;
    std::optional<std::uint64_t> searching_;
    Time search_due_{};  // given up then, or not begun before
    Time not_before_{};
    std::uint32_t failures_ = 0;
    std::string trouble_;
};

}  // namespace millrace::engine
