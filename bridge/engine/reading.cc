#include "bridge/engine/reading.h"

namespace millrace::engine {

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
        wanted_->number = 0;
        due_ = retry_.failed(*got.error, now);
        return false;
    }
    retry_.succeeded();
    wanted_.reset();
    return true;
}

}  // namespace millrace::engine
