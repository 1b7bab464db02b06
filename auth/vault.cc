#include "auth/vault.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "auth/json.h"
#include "bridge/base/header.h"

namespace millrace::auth {

namespace {

constexpr std::string_view kApiVersion = "7.4";

// Of `error.code`, and of `error.innererror.code` behind it.
constexpr std::array<std::string_view, 11> kCodes = {
    "Unauthorized",      "Forbidden",           "SecretNotFound",        "BadParameter",
    "Throttled",         "AccessDenied",        "SecretDisabled",        "ForbiddenByRbac",
    "ForbiddenByPolicy", "ForbiddenByFirewall", "ForbiddenByConnection",
};

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same(std::string_view left, std::string_view right) { return std::ranges::equal(left, right, {}, folded, folded); }

VaultFailure useless(std::string why) { return {.why = "its answer " + std::move(why), .passing = true}; }
VaultFailure withheld(std::string why) { return {.why = std::move(why)}; }

std::optional<std::string> known_word(const Json* error) {
    const std::string* const code = error == nullptr ? nullptr : error->text("code");
    if (code == nullptr || std::ranges::find(kCodes, *code) == kCodes.end()) return std::nullopt;
    return *code;
}

// `AKV10032: Invalid issuer…`: the number.
std::string number_of(const Json* error) {
    constexpr std::size_t kLength = 8;
    const std::string* const message = error == nullptr ? nullptr : error->text("message");
    if (message == nullptr || message->size() < kLength || !message->starts_with("AKV")) return "";
    const std::string number = message->substr(0, kLength);
    const bool is_one = std::ranges::all_of(number.substr(3), [](char c) { return c >= '0' && c <= '9'; });
    return is_one ? " (" + number + ")" : "";
}

std::string words_of(const std::optional<Json>& answer) {
    const Json* const error = answer ? answer->find("error") : nullptr;
    std::string words;
    if (const auto code = known_word(error)) words = ", " + *code;
    const Json* const inner = error == nullptr ? nullptr : error->find("innererror");
    if (const auto code = known_word(inner)) words += " (" + *code + ")";
    return words + number_of(error);
}

// The value of one parameter of a challenge (RFC 9110 11.6.1), in quotes or without; nothing where it is not there.
std::optional<std::string_view> parameter(std::string_view challenge, std::string_view name) {
    for (std::size_t at = challenge.find(name); at != std::string_view::npos; at = challenge.find(name, at + 1)) {
        std::string_view value = challenge.substr(at + name.size());
        const bool begins = at > 0 && (challenge[at - 1] == ' ' || challenge[at - 1] == ',');
        if (!begins || !value.starts_with('=')) continue;
        value.remove_prefix(1);
        const bool quoted = value.starts_with('"');
        if (quoted) value.remove_prefix(1);
        const std::size_t end = value.find_first_of(quoted ? "\"" : ", ");
        return value.substr(0, std::min(end, value.size()));
    }
    return std::nullopt;
}

// What a challenge wants tokens for; nothing where it does not say.
std::optional<std::string_view> resource_of(std::string_view challenge) {
    constexpr std::string_view kDefault = "/.default";
    auto found = parameter(challenge, "resource");
    if (!found) found = parameter(challenge, "scope");
    if (found && found->ends_with(kDefault)) found->remove_suffix(kDefault.size());
    if (found && found->ends_with('/')) found->remove_suffix(1);
    return found;
}

VaultFailure refused(const VaultReference& what, const TokenResponse& response) {
    const auto resource = resource_of(header_or_empty(response.headers, "www-authenticate"));
    const std::string ours = vault_audience(what.vault);
    if (resource && !same(*resource, ours)) {
        return withheld("HTTP 401, and its challenge is for tokens of another resource than " + ours +
                        " (is this the vault? Name a vault of another cloud by its whole host)");
    }
    return {.why = "HTTP 401", .token_refused = true};
}

// `https://VAULT/secrets/NAME/VERSION`: the version, where the rest is what was asked for.
std::optional<std::string> version_in(const std::string& id, const VaultReference& what) {
    constexpr std::string_view kSecrets = "/secrets/";
    const std::size_t at = id.rfind(kSecrets);
    if (at == std::string::npos) return std::nullopt;
    const std::string_view rest = std::string_view(id).substr(at + kSecrets.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos || !same(rest.substr(0, slash), what.secret)) return std::nullopt;
    const std::string_view version = rest.substr(slash + 1);
    const bool is_ours = what.version.empty() || same(version, what.version);
    const bool is_one = version.size() == 32 && std::ranges::all_of(version, [](char c) {
                            return (c >= '0' && c <= '9') || (folded(c) >= 'a' && folded(c) <= 'z');
                        });
    return is_ours && is_one ? std::optional(std::string(version)) : std::nullopt;
}

// Why the secret may not be used now; empty where it may.
std::string hindrance(const Json* attributes, ServerTime wall) {
    if (attributes == nullptr) return "";
    const double now = std::chrono::duration<double>(wall.time_since_epoch()).count();
    const Json* const enabled = attributes->find("enabled");
    if (enabled != nullptr && enabled->flag() != nullptr && !*enabled->flag()) return "is disabled";
    const auto number = [&](std::string_view name) -> const double* {
        const Json* const found = attributes->find(name);
        return found == nullptr ? nullptr : found->number();
    };
    if (const double* const begins = number("nbf"); begins != nullptr && now < *begins) return "is not good yet (nbf)";
    if (const double* const ends = number("exp"); ends != nullptr && now >= *ends) return "is over (exp)";
    return "";
}

std::variant<VaultValue, VaultFailure> taken(const VaultReference& what, const std::optional<Json>& answer,
                                             ServerTime wall) {
    if (!answer) return useless("is no JSON object of a sound form");
    const std::string* const value = answer->text("value");
    const std::string* const id = answer->text("id");
    if (value == nullptr || id == nullptr) return useless("holds no value, or no id");
    const auto version = version_in(*id, what);
    if (!version) return useless("has the id of another secret");
    if (const std::string why = hindrance(answer->find("attributes"), wall); !why.empty())
        return withheld("version " + *version + " " + why);
    if (value->empty()) return withheld("version " + *version + " is empty");
    if (value->size() > kMostVaultSecret) return useless("holds a value larger than any secret");
    return VaultValue{Secret(*value), *version};
}

}  // namespace

std::string address_of(const settings::Vault& vault) {
    std::string url = vault.url.empty() ? vault_url(vault.name) : vault.url;
    while (url.ends_with('/')) url.pop_back();
    return url;
}

TokenRequest ask_for_secret(const settings::Vault& vault, const VaultReference& what, const Secret& token) {
    TokenRequest request;
    request.url = address_of(vault) + "/secrets/" + what.secret + (what.version.empty() ? "" : "/" + what.version) +
                  "?api-version=" + std::string(kApiVersion);
    request.headers = {{"Accept", "application/json"}, {"Authorization", "Bearer " + token.reveal()}};
    request.get = true;
    request.ca_file = vault.ca_file;
    request.most_bytes = kMostVaultAnswer;
    return request;
}

std::variant<VaultValue, VaultFailure> read_vault_answer(const VaultReference& what, const TokenResponse& response,
                                                         ServerTime wall) {
    if (!response.answered) return VaultFailure{.why = "no answer: " + response.error, .passing = true};
    const auto answer = parse_json(response.body, kMostVaultAnswer);
    if (response.status == 200) return taken(what, answer, wall);
    VaultFailure failure{.why = "HTTP " + std::to_string(response.status),
                         .passing = is_passing(response.status),
                         .retry_after = retry_after(response)};
    if (response.status == 401) failure = refused(what, response);
    failure.why += words_of(answer);
    return failure;
}

}  // namespace millrace::auth
