#include "auth/credentials_text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace millrace::auth {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// What stands between the line `-----BEGIN WHAT-----` and the next line of dashes; one word.
std::optional<std::string_view> between(std::string_view text, std::string_view what) {
    const std::size_t begin = text.find("BEGIN " + std::string(what) + "-");
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t line = std::min(text.find('\n', begin), text.size());
    const std::size_t end = text.find("\n---", line);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view word = trimmed(text.substr(line, end - line));
    const bool is_one = !word.empty() && std::ranges::all_of(word, [](char c) { return c > ' ' && c <= '~'; });
    return is_one ? std::optional(word) : std::nullopt;
}

}  // namespace

Result<Credentials> parse_credentials(std::string_view text) {
    const auto jwt = between(text, "NATS USER JWT");
    if (!jwt) return fail(ErrorCode::invalid, "has no -----BEGIN NATS USER JWT----- with its END (nsc writes both)");
    const auto seed = between(text, "USER NKEY SEED");
    if (!seed) return fail(ErrorCode::invalid, "has no -----BEGIN USER NKEY SEED----- with its END (nsc writes both)");
    auto key = SigningKey::parse(NkeyKind::user, Secret(std::string(*seed)));
    if (!key) return fail(ErrorCode::invalid, "has a seed in it that is none of a user's (SU…)");
    return Credentials{Secret(std::string(*jwt)), std::move(*key)};
}

}  // namespace millrace::auth
