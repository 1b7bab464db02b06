// Breaker: whether one address may be asked, and how much at once.
//
// A limit on the requests in flight grows from one by additive increase and is cut when the address throttles, fails or
// times out. After a failure nothing is sent before a back-off (or the Retry-After) is over. Several failures in a row
// open it: afterwards, where it can be asked for its health and others can be asked for scores, it first has to say
// that it is well, and then, half open, one request at a time shows whether it works again. One that refuses us as we
// are configured is *out*: it gets nothing but a probe now and then, and the first success takes it in again.
//
// Thread: one engine's. Time: told. Not here: it does not know what is asked, nor which address is preferred.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bridge/base/outcome.h"
#include "bridge/base/random.h"
#include "bridge/base/snapshot.h"
#include "bridge/base/time.h"
#include "bridge/engine/backoff.h"

namespace millrace::engine {

// How long to wait after a failure.
BackoffRule rule_for(Outcome outcome);

class Breaker {
  public:
    static constexpr std::uint32_t kOpens = 5;  // failures in a row
    static constexpr Duration kLongestPause = std::chrono::seconds(20);

    // `most` requests may be in flight in the end.
    explicit Breaker(double most, bool checks_health = false) : most_(most), checks_health_(checks_health) {}

    // Another request may be sent now.
    [[nodiscard]] bool admits(Time now) const { return is_up(now) && static_cast<double>(in_flight_) + 1.0 <= room(); }
    // It is asked, or would be if it were not busy.
    [[nodiscard]] bool is_up(Time now) const { return may_try(now) && (!lacks_health() || health_ == Health::well); }
    // It is up, or will be soon.
    [[nodiscard]] bool may_be_waited_for(Time now) const { return !is_down() && not_before_ <= now + kLongestPause; }
    // Not in a mere pause between two requests.
    [[nodiscard]] bool is_down() const { return is_shut() || failures_ >= kOpens; }
    [[nodiscard]] AddressState state(Time now) const;

    // Nothing is for it while it is barred, not even a probe; `why` where that will last.
    void bar(bool barred, const std::string& why) {
        barred_ = barred;
        bar_ = why;
    }
    // Out, or barred for long.
    [[nodiscard]] bool is_shut() const { return is_out() || !bar_.empty(); }
    // Why it is shut, in words.
    [[nodiscard]] const std::string& reason() const { return is_out() ? hold_ : bar_; }

    void launched();
    void landed() { --in_flight_; }
    // `mark` orders the successes of all addresses.
    void succeeded(std::uint64_t mark);
    // One failure of a burst counts; the others were sent, at `started`, before anyone knew.
    void failed(const Answer& answer, Time started, Time now, Random& random);
    [[nodiscard]] std::uint64_t last_success() const { return last_success_; }

    // It is to be asked for its health now; then `check_sent`, and what it said.
    [[nodiscard]] bool wants_check(Time now) const {
        return may_try(now) && lacks_health() && health_ == Health::unknown;
    }
    void check_sent() { health_ = Health::asked; }
    void checked(bool well, Time now, Random& random);

    // Takes it out; again while it is out, the next probe is put off only when the last one was made.
    void hold(std::string why, Time now, Random& random);
    // There is reason to think that a probe succeeds now.
    void probe_soon();
    // True when it was out.
    bool resume();
    // In again, and to begin carefully: nobody knows whether it works.
    void lapse();
    [[nodiscard]] bool is_out() const { return !hold_.empty(); }
    [[nodiscard]] const std::string& hold_reason() const { return hold_; }
    [[nodiscard]] bool probe_due(Time now) const {
        return is_out() && !barred_ && in_flight_ == 0 && now >= next_probe();
    }
    // When it may be asked again, or probed; may be over.
    [[nodiscard]] Time next_due() const { return is_out() ? next_probe() : not_before_; }

    [[nodiscard]] double limit() const { return limit_; }
    [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

  private:
    enum class Health { unknown, asked, well };

    [[nodiscard]] bool may_try(Time now) const { return !is_out() && !barred_ && now >= not_before_; }
    [[nodiscard]] bool lacks_health() const { return checks_health_ && failures_ >= kOpens; }
    [[nodiscard]] Time next_probe() const { return next_probe_ > not_before_ ? next_probe_ : not_before_; }
    [[nodiscard]] double room() const { return failures_ >= kOpens ? 1.0 : limit_; }

    double most_;
    bool checks_health_;
    Health health_ = Health::unknown;  // since the last failure
    std::size_t in_flight_ = 0;
    double limit_ = 1.0;
    Time last_cut_{};
    Time not_before_{};
    std::uint32_t failures_ = 0;  // in a row
    std::uint64_t last_success_ = 0;
    bool barred_ = false;
    std::string bar_;
    std::string hold_;
    Time next_probe_{};
    std::uint32_t probes_ = 0;
    bool probe_made_ = false;  // since it was last put off
};

}  // namespace millrace::engine
