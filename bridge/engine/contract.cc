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
    out.emplace_back(ReadSignature{address_});
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

void Contract::read(SignatureRead&& in, std::optional<Signature>& in_force, bool others, Time now, Effects& out) {
    asking_ = doubted_ = was_away_ = false;
    heard_ = true;
    if (in.what == SignatureRead::What::found) {
        failures_ = 0;
        found(std::move(in), in_force, others, out);
    } else {
        unread(in, in_force.has_value(), others, out);
    }
    if (!holds()) {
        due_ = now + kNowAndThen;
    } else if (failures_ == 0) {
        due_ = now + kWhileHeld;
    } else {
        due_ = now + std::min<Duration>(kWhileHeld, kAfterFailure * (1 << std::min(failures_ - 1, 4u)));
    }
}

void Contract::found(SignatureRead&& in, std::optional<Signature>& in_force, bool others, Effects& out) {
    const bool is_first = !in_force.has_value();
    if (is_first && !in.misfit.empty()) {
        return hold(whose_ + " does not fit: " + in.misfit +
                        " (correct event.features, write endpoint.signature, or signature: none)",
                    others, out);
    }
    if (!is_first && in.signature.inputs != in_force->inputs) {
        return hold(whose_ + (agreed_ ? " has changed: expected " : " is another one: expected ") +
                        signature::one_line(in_force->inputs) + "; found " + signature::one_line(in.signature.inputs) +
                        (agreed_ ? " (deploy what was there before, or restart to take it as it is)"
                                 : " (deploy the same model at every address)"),
                    others, out);
    }
    settled_ = agreed_ = true;
    if (is_first) {
        in_force = std::move(in.signature);
        out.emplace_back(UseSignature{*in_force});
        if (trouble_.empty())
            out.emplace_back(
                Note{Level::info, "signature", "the endpoint takes " + signature::one_line(in_force->inputs)});
    }
    go_on(others, out);
}

// Who says nothing contradicts nothing: what is in force stays.
void Contract::unread(const SignatureRead& in, bool known, bool others, Effects& out) {
    const bool nothing = in.what == SignatureRead::What::nothing;
    ++failures_;
    if (nothing || settled_ || (in.reached && failures_ >= kFailuresInVain)) {
        failures_ = 0;
        if (!std::exchange(settled_, true))
            out.emplace_back(Note{Level::info, "signature", whose_ + " is not known: " + in.why});
        if (nothing || !known) go_on(others, out);
        return;
    }
    hold(whose_ + " cannot be read yet: " + in.why, others, out);
}

void Contract::hold(std::string why, bool others, Effects& out) {
    if (why == trouble_) return;
    trouble_ = std::move(why);
    out.emplace_back(others ? Note{Level::warning, "address_out", trouble_ + "; the others go on"}
                            : Note{Level::warning, "held", trouble_ + "; everything is kept"});
}

void Contract::go_on(bool others, Effects& out) {
    if (std::exchange(trouble_, {}).empty()) return;
    out.emplace_back(Note{Level::info, others ? "address_in" : "resumed", whose_ + " is as expected"});
}

Contracts::Contracts(bool reads, const settings::Routes& routes) {
    const auto& own = routes.routes.front().addresses;
    for (const std::size_t address : own) {
        all_.emplace_back(reads, address,
                          own.size() == 1 ? "the endpoint's signature"
                                          : "the signature of the endpoint at " + routes.addresses[address].url);
    }
}

void Contracts::pump(Time now, Effects& out) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if (!in_force_ && i > 0 && !all_[i - 1].was_heard()) return;
        all_[i].pump(now, out);
    }
}

void Contracts::read(SignatureRead&& in, Time now, Effects& out) {
    if (in.address >= all_.size()) return;
    Contract& one = all_[in.address];
    const bool others = std::ranges::any_of(all_, [&](const Contract& it) { return &it != &one && !it.holds(); });
    one.read(std::move(in), in_force_, others, now, out);
}

void Contracts::answered(std::size_t address, const Answer& answer, Time now) {
    if (address < all_.size()) all_[address].answered(answer, now);
}

std::string Contracts::trouble() const {
    if (!holds()) return "";
    const auto told = std::ranges::find_if(all_, [](const Contract& one) { return !one.trouble().empty(); });
    return told == all_.end() ? "" : told->trouble();
}

Time Contracts::next_due() const {
    Time due = kNever;
    for (const Contract& one : all_) due = std::min(due, one.next_due());
    return due;
}

}  // namespace millrace::engine
