#include "bridge/engine/reading.h"

#include "bridge/engine/backoff.h"

namespace millrace::engine {

namespace {

constexpr BackoffRule kAgain{std::chrono::milliseconds(200), std::chrono::seconds(5)};
constexpr BackoffRule kAgainMisconfigured{std::chrono::seconds(4), std::chrono::seconds(30)};

}  // namespace

void Reading::pump(Time now, bool connected, Effects& out) {
    if (!wanted_ || !connected || now < due_) return;
    wanted_->number = numbers_.next();
    due_ = now + kAnswerWithin;
    out.emplace_back(*wanted_);
}

void Reading::disconnected() {
    if (!wanted_) return;
    wanted_->number = 0;
    due_ = {};
}

bool Reading::got(const GotMessage& got, Time now) {
    if (!wanted_ || wanted_->number == 0 || wanted_->number != got.number) return false;
    if (got.error) {
        const bool passing = got.error->code == ErrorCode::unavailable;
        trouble_ = passing ? std::string() : got.error->text;
        wanted_->number = 0;
        due_ = now + backoff(passing ? kAgain : kAgainMisconfigured, ++failures_, random_);
        return false;
    }
    failures_ = 0;
    trouble_.clear();
    wanted_.reset();
    return true;
}

}  // namespace millrace::engine
