#include "auth/token_source.h"

#include <algorithm>

#include "auth/patience.h"

namespace millrace::auth {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kLongLife = hours(2);
constexpr Duration kAhead = minutes(5);
constexpr Duration kRounding = seconds(1);
constexpr Duration kRenewEvery = seconds(1);

// How long after it was asked for a token is to be replaced, without jitter.
Duration refresh_after(const Token& token) {
    if (token.refresh_in) return *token.refresh_in;
    if (token.lifetime > kLongLife) return token.lifetime / 2;
    return token.lifetime - std::min({kAhead, token.lifetime / 4 + kRounding, token.lifetime / 2});
}

}  // namespace

Time TokenSource::next_fetch() const {
    if (!wanted_) return kNever;
    if (version_ == 0) return retry_at_;
    return std::max(refused_ ? std::min(refresh_at_, renew_at_) : refresh_at_, retry_at_);
}

void TokenSource::renew(std::uint64_t version) { refused_ = refused_ || version == version_; }

void TokenSource::begun(Time now) {
    fetching_ = true;
    begun_ = now;
}

void TokenSource::got(Token token, Time now) {
    fetching_ = refused_ = false;
    failures_ = 0;
    trouble_.clear();
    token_ = std::move(token);
    ++version_;
    ends_ = begun_ + token_.lifetime;
    const Duration after = refresh_after(token_);
    refresh_at_ = begun_ + after - random_.below(after / 10);
    renew_at_ = now + kRenewEvery;
}

void TokenSource::failed(const TokenFailure& failure, Time now) {
    fetching_ = false;
    trouble_ = failure.why;
    retry_at_ = now + wait_after(++failures_, failure.passing, failure.retry_after, random_);
}

}  // namespace millrace::auth
