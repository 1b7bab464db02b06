#include "auth/token.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "auth/json.h"
#include "bridge/base/header.h"

namespace millrace::auth {

namespace {

using std::chrono::seconds;

constexpr Duration kUntold = std::chrono::minutes(5);
constexpr Duration kLongest = std::chrono::hours(24);
constexpr std::size_t kLongestToken = 16 * 1024;
constexpr double kMostCode = 1e12;

// RFC 6749 5.2, RFC 8707, RFC 7523, OpenID Connect, Entra.
constexpr std::array<std::string_view, 14> kErrors = {
    "invalid_request", "invalid_client",       "invalid_grant",    "unauthorized_client",     "unsupported_grant_type",
    "invalid_scope",   "invalid_target",       "access_denied",    "temporarily_unavailable", "server_error",
    "slow_down",       "interaction_required", "invalid_resource", "login_required",
};

// A whole number, as such or as a text; nothing where it is neither.
std::optional<double> number_in(const Json& value) {
    if (const double* const number = value.number()) return *number;
    const std::string* const text = value.text();
    if (text == nullptr || text->empty()) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || !std::isfinite(number)) return std::nullopt;
    return number;
}

Duration as_duration(double in_seconds) {
    const double most = std::chrono::duration<double>(kLongest).count();
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::clamp(in_seconds, -most, most)));
}

// Null where there is none, also where it is null there.
const Json* member(const Json& of, std::string_view key) {
    const Json* const found = of.find(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

// Not above zero: over, or no number.
Duration lifetime_in(const Json& answer, ServerTime wall) {
    if (const Json* const expires_in = member(answer, "expires_in")) {
        const auto number = number_in(*expires_in);
        return number ? as_duration(*number) : Duration::zero();
    }
    if (const Json* const expires_on = member(answer, "expires_on")) {
        const auto number = number_in(*expires_on);
        if (!number) return kUntold;  // a date in words, in one of several forms
        return as_duration(*number - std::chrono::duration<double>(wall.time_since_epoch()).count());
    }
    return kUntold;
}

bool is_bearer(std::string_view type) {
    return std::ranges::equal(type, std::string_view("bearer"), {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
}

TokenFailure useless(std::string why) { return {"its answer " + std::move(why), true, {}}; }

TokenStep taken(const Json& answer, ServerTime wall) {
    const std::string* const text = answer.text("access_token");
    if (text == nullptr) return useless("holds no access_token");
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    if (text->empty() || text->size() > kLongestToken || !std::ranges::all_of(*text, visible))
        return useless("holds an access_token that no header can carry");
    const std::string* const type = answer.text("token_type");
    if (type != nullptr && !is_bearer(*type)) return useless("holds a token of a type other than Bearer");
    Token token{Secret(*text), std::min(lifetime_in(answer, wall), kLongest), {}};
    if (token.lifetime <= Duration::zero()) return useless("holds a token that is over already");
    if (const Json* const advice = member(answer, "refresh_in")) {
        const auto number = number_in(*advice);
        if (number && *number > 0 && as_duration(*number) < token.lifetime) token.refresh_in = as_duration(*number);
    }
    return token;
}

// What an error says of itself, as far as it may be repeated.
std::string words_of(const Json& answer, bool& passing) {
    std::string words;
    const std::string* const error = answer.text("error");
    if (error != nullptr && std::ranges::find(kErrors, *error) != kErrors.end()) {
        words = ", " + *error;
        passing = passing || *error == "temporarily_unavailable" || *error == "slow_down" || *error == "server_error";
    }
    const Json* const found = answer.find("error_codes");
    const Json::List* const codes = found == nullptr ? nullptr : found->list();
    const double* const code = codes == nullptr || codes->empty() ? nullptr : codes->front().number();
    if (code != nullptr && *code >= 0 && *code < kMostCode && *code == std::floor(*code))
        words += " (AADSTS" + std::to_string(static_cast<std::uint64_t>(*code)) + ")";
    return words;
}

}  // namespace

std::optional<Duration> retry_after(const TokenResponse& response) {
    const std::string* const text = find_header(response.headers, "retry-after");
    int number = 0;
    if (text == nullptr) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || number < 0) return std::nullopt;
    return std::min<Duration>(seconds(number), std::chrono::minutes(5));
}

bool is_passing(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

TokenStep read_token(const TokenResponse& response, ServerTime wall) {
    if (!response.answered) return TokenFailure{"no answer: " + response.error, true, {}};
    const auto answer = parse_json(response.body, kMostTokenBytes);
    if (response.status == 200) return answer ? taken(*answer, wall) : TokenStep(useless("is no JSON object"));
    TokenFailure failure{"HTTP " + std::to_string(response.status), is_passing(response.status), retry_after(response)};
    if (answer) failure.why += words_of(*answer, failure.passing);
    return failure;
}

}  // namespace millrace::auth
