#include "auth/vault_watch.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "auth/patience.h"

namespace millrace::auth {

namespace {

constexpr std::size_t kToken = 0;  // the number of token requests; secrets are counted from 1

}  // namespace

VaultWatch::VaultWatch(settings::Vault vault, settings::IdentitySettings identity, Environment environment,
                       SecretShelf& shelf, std::uint64_t seed)
    : vault_(std::move(vault)),
      identity_(std::move(identity)),
      environment_(std::move(environment)),
      shelf_(shelf),
      random_(seed),
      tokens_(~seed) {
    tokens_.want();
}

void VaultWatch::add(const std::string& source) {
    const auto what = parse_vault_reference(source);
    if (!what || std::ranges::find(ones_, source, &One::source) != ones_.end()) return;
    One one;
    one.source = source;
    one.what = *what;
    ones_.push_back(std::move(one));
}

void VaultWatch::doubt(const std::string& source) {
    const auto one = std::ranges::find(ones_, source, &One::source);
    if (one == ones_.end() || !one->what.version.empty() || !one->asked || one->failures > 0) return;
    one->look_at = std::min(one->look_at, *one->asked + kBetween);
}

std::vector<VaultWatch::Request> VaultWatch::due(Time now, ServerTime wall) {
    std::vector<Request> out;
    if (tokens_.is_due(now)) {
        tokens_.begun(now);
        if (auto request = go_on(begin_token(wall), now)) out.push_back(std::move(*request));
    }
    const Secret* const token = tokens_.token(now);
    if (token == nullptr) return out;
    for (std::size_t i = 0; i < ones_.size(); ++i) {
        One& one = ones_[i];
        if (one.waiting || waits_for_token(one) || now < one.look_at) continue;
        one.waiting = true;
        one.asked = now;
        one.token = tokens_.version();
        out.push_back({i + 1, ask_for_secret(vault_, one.what, *token)});
    }
    return out;
}

std::optional<VaultWatch::Request> VaultWatch::answered(std::size_t number, const TokenResponse& response, Time now,
                                                        ServerTime wall) {
    if (number == kToken) return go_on(grant_->answered(response, wall), now);
    One& one = ones_.at(number - 1);
    one.waiting = false;
    auto step = read_vault_answer(one.what, response, wall);
    if (auto* const value = std::get_if<VaultValue>(&step)) {
        got(one, std::move(*value), now);
        return std::nullopt;
    }
    const auto& failure = std::get<VaultFailure>(step);
    if (failure.token_refused) tokens_.renew(one.token);
    if (failure.token_refused && !one.renewed) {
        one.renewed = true;
    } else {
        failed(one, failure, now);
    }
    return std::nullopt;
}

// Files and variables may be put right while we run.
TokenStep VaultWatch::begin_token(ServerTime wall) {
    if (!grant_) {
        auto made = make_grant(identity_, vault_audience(vault_.name), environment_);
        if (!made) return TokenFailure{std::move(made.error().text), true, {}};
        grant_ = std::move(*made);
    }
    return grant_->begin(wall);
}

std::optional<VaultWatch::Request> VaultWatch::go_on(TokenStep step, Time now) {
    if (auto* const request = std::get_if<TokenRequest>(&step)) return Request{kToken, std::move(*request)};
    if (auto* const token = std::get_if<Token>(&step)) {
        tokens_.got(std::move(*token), now);
    } else {
        const auto& failure = std::get<TokenFailure>(step);
        tokens_.failed(failure, now);
        token_failed(failure.passing, now);
    }
    return std::nullopt;
}

// Its token was refused, and there is no other yet.
bool VaultWatch::waits_for_token(const One& one) const { return one.renewed && one.token == tokens_.version(); }

// Those that cannot be asked for on that account have the same trouble.
void VaultWatch::token_failed(bool passing, Time now) {
    const bool has_one = tokens_.token(now) != nullptr;
    const VaultFailure failure{.why = "no token of identity " + identity_.name + ": " + tokens_.trouble(),
                               .passing = passing};
    for (One& one : ones_) {
        if (one.waiting || now < one.look_at || (has_one && !waits_for_token(one))) continue;
        failed(one, failure, now);
        if (!has_one) one.look_at = now;  // as soon as there is one
    }
}

void VaultWatch::got(One& one, VaultValue value, Time now) {
    news_.looks.push_back({one.source, true});
    const bool had_trouble = !std::exchange(one.trouble, "").empty();
    const std::string before = std::exchange(one.version, value.version);
    one.failures = 0;
    shelf_.put(one.source, std::move(value.value));
    if (before != one.version) {
        news_.notes.push_back(
            {Level::info, "secret_read",
             one.source + " has version " + one.version + (before.empty() ? "" : ", in the place of " + before)});
    } else if (had_trouble) {
        news_.notes.push_back({Level::info, "secret_read", one.source + " can be read again"});
    }
    rest(one, now);
}

void VaultWatch::failed(One& one, const VaultFailure& failure, Time now) {
    news_.looks.push_back({one.source, false});
    ++one.failures;
    one.passing = failure.passing;
    shelf_.tell(one.source, failure.why);
    if (std::exchange(one.trouble, failure.why) != failure.why) {
        news_.notes.push_back({Level::warning, "secret_not_read",
                               one.source + ": " + failure.why +
                                   (one.version.empty() ? "" : "; version " + one.version + " stays in use") +
                                   "; trying again"});
    }
    one.renewed = false;
    one.look_at = now + wait_after(one.failures, failure.passing, failure.retry_after, random_);
}

void VaultWatch::rest(One& one, Time now) {
    one.renewed = false;
    one.look_at = one.what.version.empty() ? now + vault_.look_every - random_.below(vault_.look_every / 10) : kNever;
}

Time VaultWatch::next_due(Time now) const {
    Time due = tokens_.next_due();
    if (tokens_.token(now) == nullptr) return due;
    for (const One& one : ones_) {
        if (!one.waiting && !waits_for_token(one)) due = std::min(due, one.look_at);
    }
    return due;
}

std::vector<VaultWatch::State> VaultWatch::states() const {
    std::vector<State> out;
    for (const One& one : ones_) out.push_back({one.source, !one.version.empty(), one.trouble, one.passing});
    return out;
}

VaultWatch::News VaultWatch::news() { return std::exchange(news_, {}); }

}  // namespace millrace::auth
