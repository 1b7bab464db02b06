#include "bridge/engine/contract.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "bridge/engine/disposition.h"
#include "bridge/signature/text.h"

namespace millrace::engine {

namespace {

constexpr Duration kNowAndThen = std::chrono::minutes(5);
constexpr Duration kWhileHeld = std::chrono::seconds(15);
constexpr Duration kAfterFailure = std::chrono::seconds(1);  // doubled each time, up to kWhileHeld
// Readings asked for by answers keep this distance: an endpoint with two deployments answers by turns.
constexpr Duration kApart = std::chrono::seconds(30);
// Failures to tell, from an endpoint that can be reached, after which it is asked for scores all the same.
constexpr std::uint32_t kFailuresInVain = 3;

}  // namespace

void Contract::pump(Time now, Effects& out) {
    if (!reads_ || asking_ || now < due_) return;
    asking_ = true;
    asked_at_ = now;
    out.emplace_back(ReadSignature{});
}

void Contract::answered(const Answer& answer, Time now) {
    if (!reads_ || !settled_) return;
    if (answer.outcome == Outcome::unreachable) {
        was_away_ = true;
        return;
    }
    const bool other = !answer.deployment.empty() && !deployment_.empty() && answer.deployment != deployment_;
    if (!answer.deployment.empty()) deployment_ = answer.deployment;
    if (!other && !was_away_ && disposition(answer.outcome).reaction != Reaction::split) return;
    if (asking_ || now - asked_at_ < kApart) return;
    doubted_ = true;
    due_ = now;
}

void Contract::read(SignatureRead&& in, Time now, Effects& out) {
    asking_ = doubted_ = was_away_ = false;
    if (in.what == SignatureRead::What::found) {
        failures_ = 0;
        found(std::move(in), out);
    } else {
        unread(in, out);
    }
    if (!holds()) {
        due_ = now + kNowAndThen;
    } else if (failures_ == 0) {
        due_ = now + kWhileHeld;
    } else {
        due_ = now + std::min<Duration>(kWhileHeld, kAfterFailure * (1 << std::min(failures_ - 1, 4u)));
    }
}

void Contract::found(SignatureRead&& in, Effects& out) {
    if (in_force_) {
        if (in.signature.inputs == in_force_->inputs) return go_on(out);
        return hold("the endpoint's signature has changed: expected " + signature::one_line(in_force_->inputs) +
                        "; found " + signature::one_line(in.signature.inputs) +
                        " (deploy what was there before, or restart to take it as it is)",
                    out);
    }
    if (!in.misfit.empty()) {
        return hold("the endpoint's signature does not fit: " + in.misfit +
                        " (correct event.features, write endpoint.signature, or signature: none)",
                    out);
    }
    settled_ = true;
    in_force_ = std::move(in.signature);
    out.emplace_back(UseSignature{*in_force_});
    if (trouble_.empty())
        out.emplace_back(
            Note{Level::info, "signature", "the endpoint takes " + signature::one_line(in_force_->inputs)});
    go_on(out);
}

// Who says nothing contradicts nothing: what is in force stays.
void Contract::unread(const SignatureRead& in, Effects& out) {
    const bool nothing = in.what == SignatureRead::What::nothing;
    ++failures_;
    if (nothing || settled_ || (in.reached && failures_ >= kFailuresInVain)) {
        failures_ = 0;
        if (!std::exchange(settled_, true))
            out.emplace_back(Note{Level::info, "signature", "the endpoint's signature is not known: " + in.why});
        if (nothing || !in_force_) go_on(out);
        return;
    }
    hold("the endpoint's signature cannot be read yet: " + in.why, out);
}

void Contract::hold(std::string why, Effects& out) {
    if (why == trouble_) return;
    trouble_ = std::move(why);
    out.emplace_back(Note{Level::warning, "held", trouble_ + "; everything is kept"});
}

void Contract::go_on(Effects& out) {
    if (std::exchange(trouble_, {}).empty()) return;
    out.emplace_back(Note{Level::info, "resumed", "the endpoint's signature is as expected"});
}

}  // namespace millrace::engine
