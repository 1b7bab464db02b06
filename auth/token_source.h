// TokenSource: when a token is to be fetched, and which one may be used meanwhile.
//
//     nothing ─want─▶ fetching ─got─▶ fresh ─refresh time─▶ fetching beside it ─got─▶ fresh …
//                        │  ▲                                    │
//                        └──┘ failed: back off                   └ failed: back off; the old one holds until it is over
//
// - A token counts from when it was asked for, since its maker counted before the answer travelled.
// - It is fetched anew ahead of its end: of one that lives long (two hours) at half its life, otherwise a quarter of
//   its life and a second before the end, since many makers count in whole seconds, but five minutes at most and half
//   its life; or when its maker advises. With jitter, and always earlier, so that many that began together do not come
//   together.
// - One fetch at a time, however many wait for it.
// - One that the endpoint refuses (`renew`) is fetched anew, but not sooner than a second after the last one came:
//   whoever refuses everything must not be paid with a storm at the token endpoint.
//
// Thread: one shard's. Time: told. Not here: it neither asks nor reads an answer (auth/grant.h), and knows no endpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "auth/token.h"
#include "bridge/base/random.h"
#include "bridge/base/secret.h"
#include "bridge/base/time.h"

namespace millrace::auth {

class TokenSource {
  public:
    explicit TokenSource(std::uint64_t seed) : random_(seed) {}

    // The newest token while it lives; null otherwise. `version` grows with each.
    [[nodiscard]] const Secret* token(Time now) const { return version_ > 0 && now < ends_ ? &token_.value : nullptr; }
    [[nodiscard]] std::uint64_t version() const { return version_; }

    // Somebody needs tokens: from now on there is always one, as far as it is in our hands.
    void want() { wanted_ = true; }
    // The token of this version was refused; of an earlier one that is no news.
    void renew(std::uint64_t version);

    // A fetch is to begin now; then `begun`, and how it ended: `got` or `failed`.
    [[nodiscard]] bool is_due(Time now) const { return !fetching_ && now >= next_fetch(); }
    void begun(Time now);
    void got(Token token, Time now);
    void failed(const TokenFailure& failure, Time now);

    [[nodiscard]] bool is_fetching() const { return fetching_; }
    // Why the last fetch brought nothing; empty when it did, or while there has been none.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    // When something is due by itself.
    [[nodiscard]] Time next_due() const { return fetching_ ? kNever : next_fetch(); }

  private:
    [[nodiscard]] Time next_fetch() const;

    Random random_;
    Token token_;
    std::uint64_t version_ = 0;
    Time ends_{};
    Time refresh_at_{};
    Time begun_{};
    Time renew_at_{};             // one that was refused, not sooner
    Time retry_at_{};             // after a failure, not sooner
    std::uint32_t failures_ = 0;  // in a row
    std::string trouble_;
    bool wanted_ = false;
    bool refused_ = false;  // the newest
    bool fetching_ = false;
};

}  // namespace millrace::auth
