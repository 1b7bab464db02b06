#include "bridge/engine/breaker.h"

#include <algorithm>
#include <utility>

namespace millrace::engine {

namespace {

constexpr BackoffRule kFailed{std::chrono::milliseconds(50), Breaker::kLongestPause};
constexpr BackoffRule kThrottled{std::chrono::seconds(1), Breaker::kLongestPause};
constexpr Duration kProbeEvery = std::chrono::seconds(30);
constexpr Duration kProbeAtMost = std::chrono::minutes(5);
constexpr double kCut = 0.7;

}  // namespace

BackoffRule rule_for(Outcome outcome) { return outcome == Outcome::throttled ? kThrottled : kFailed; }

AddressState Breaker::state(Time now) const {
    if (is_shut()) return AddressState::out;
    if (failures_ < kOpens) return AddressState::closed;
    return now < not_before_ ? AddressState::open : AddressState::half_open;
}

void Breaker::launched() {
    ++in_flight_;
    probe_made_ = is_out();
}

void Breaker::succeeded(std::uint64_t mark) {
    last_success_ = mark;
    failures_ = 0;
    limit_ = std::min(most_, limit_ + 1.0 / limit_);
}

void Breaker::failed(const Answer& answer, Time started, Time now, Random& random) {
    if (started >= last_cut_) {
        ++failures_;
        limit_ = std::max(1.0, limit_ * kCut);
        last_cut_ = now;
    }
    if (health_ == Health::well) health_ = Health::unknown;
    const Duration wait =
        answer.retry_after ? *answer.retry_after : backoff(rule_for(answer.outcome), failures_, random);
    not_before_ = std::max(not_before_, now + wait);
}

void Breaker::checked(bool well, Time now, Random& random) {
    health_ = well ? Health::well : Health::unknown;
    if (well) return;
    ++failures_;
    not_before_ = std::max(not_before_, now + backoff(kFailed, failures_, random));
}

void Breaker::hold(std::string why, Time now, Random& random) {
    const bool was = is_out();
    hold_ = std::move(why);
    if (was && !probe_made_) return;
    if (!was) probes_ = 0;
    probe_made_ = false;
    Duration wait = kProbeEvery;
    for (std::uint32_t i = 0; i < probes_ && wait < kProbeAtMost; ++i) wait = wait * 3 / 2;
    wait = std::min(wait, kProbeAtMost);
    next_probe_ = now + wait * 4 / 5 + random.below(wait * 2 / 5);
    ++probes_;
}

void Breaker::probe_soon() {
    next_probe_ = Time{};
    probes_ = 0;
}

bool Breaker::resume() {
    const bool was = is_out();
    hold_.clear();
    return was;
}

void Breaker::lapse() {
    hold_.clear();
    limit_ = 1.0;
}

}  // namespace millrace::engine
