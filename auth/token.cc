#include "auth/token.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "bridge/base/header.h"

namespace millrace::auth {

namespace {

namespace dom = simdjson::dom;
using std::chrono::seconds;

constexpr Duration kUntold = std::chrono::minutes(5);
constexpr Duration kLongest = std::chrono::hours(24);
constexpr std::size_t kLongestToken = 16 * 1024;

// RFC 6749 5.2, RFC 8707, RFC 7523, OpenID Connect, Entra.
constexpr std::array<std::string_view, 14> kErrors = {
    "invalid_request", "invalid_client",       "invalid_grant",    "unauthorized_client",     "unsupported_grant_type",
    "invalid_scope",   "invalid_target",       "access_denied",    "temporarily_unavailable", "server_error",
    "slow_down",       "interaction_required", "invalid_resource", "login_required",
};

// A whole number, as such or as a text; nothing where it is neither.
std::optional<double> number_in(dom::element element) {
    double number = 0;
    if (element.is_number() && element.get_double().get(number) == simdjson::SUCCESS) return number;
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
        return std::nullopt;
    return number;
}

Duration as_duration(double in_seconds) {
    const double most = std::chrono::duration<double>(kLongest).count();
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::clamp(in_seconds, -most, most)));
}

std::optional<dom::element> member(dom::element of, std::string_view key) {
    dom::element found;
    if (of[key].get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
    return found;
}

// Not above zero: over, or no number.
Duration lifetime_in(dom::element answer, ServerTime wall) {
    if (const auto expires_in = member(answer, "expires_in")) {
        const auto number = number_in(*expires_in);
        return number ? as_duration(*number) : Duration::zero();
    }
    if (const auto expires_on = member(answer, "expires_on")) {
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

TokenStep taken(dom::element answer, ServerTime wall) {
    std::string_view text;
    if (answer["access_token"].get(text) != simdjson::SUCCESS) return useless("holds no access_token");
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    if (text.empty() || text.size() > kLongestToken || !std::ranges::all_of(text, visible))
        return useless("holds an access_token that no header can carry");
    std::string_view type;
    if (answer["token_type"].get(type) == simdjson::SUCCESS && !is_bearer(type))
        return useless("holds a token of a type other than Bearer");
    Token token{Secret(std::string(text)), std::min(lifetime_in(answer, wall), kLongest), {}};
    if (token.lifetime <= Duration::zero()) return useless("holds a token that is over already");
    if (const auto advice = member(answer, "refresh_in")) {
        const auto number = number_in(*advice);
        if (number && *number > 0 && as_duration(*number) < token.lifetime) token.refresh_in = as_duration(*number);
    }
    return token;
}

// What an error says of itself, as far as it may be repeated.
std::string words_of(dom::element answer, bool& passing) {
    std::string words;
    std::string_view error;
    if (answer["error"].get(error) == simdjson::SUCCESS && std::ranges::find(kErrors, error) != kErrors.end()) {
        words = ", " + std::string(error);
        passing = passing || error == "temporarily_unavailable" || error == "slow_down" || error == "server_error";
    }
    dom::array codes;
    if (answer["error_codes"].get(codes) == simdjson::SUCCESS && codes.size() > 0) {
        std::uint64_t code = 0;
        if (codes.at(0).get(code) == simdjson::SUCCESS) words += " (AADSTS" + std::to_string(code) + ")";
    }
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
    dom::parser parser;
    const simdjson::padded_string text(response.body);
    dom::element answer;
    const bool is_object = parser.parse(text).get(answer) == simdjson::SUCCESS && answer.is_object();
    if (response.status == 200) return is_object ? taken(answer, wall) : TokenStep(useless("is no JSON object"));
    TokenFailure failure{"HTTP " + std::to_string(response.status), is_passing(response.status), retry_after(response)};
    if (is_object) failure.why += words_of(answer, failure.passing);
    return failure;
}

}  // namespace millrace::auth
