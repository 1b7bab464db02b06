#include "auth/jwt.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "auth/jws.h"
#include "bridge/base/text.h"

namespace millrace::auth {
namespace {

constexpr std::size_t kLongestHeader = 4096;
constexpr std::size_t kLongestName = 512;  // of an issuer, a subject, a token id
constexpr std::size_t kMostAudiences = 16;
constexpr double kLatest = 9e9;  // seconds: the year 2255, what nanoseconds in 64 bits can hold

// Members of the header that bring a key along, or change what is signed (RFC 7515 section 4.1, 7797, 7516).
constexpr std::array<std::string_view, 9> kRefusedMembers = {"crit", "jwk", "jku", "x5u", "x5c",
                                                             "b64",  "zip", "enc", "cty"};
constexpr std::array<std::string_view, 3> kTypes = {"jwt", "at+jwt", "application/at+jwt"};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

bool is_taken(const Json& header) {
    for (const std::string_view member : kRefusedMembers)
        if (header.find(member) != nullptr) return false;
    if (header.find("typ") != nullptr) {
        const std::string* type = header.text("typ");
        if (type == nullptr || std::ranges::find(kTypes, lower(*type)) == kTypes.end()) return false;
    }
    const Json* kid = header.find("kid");
    return kid == nullptr || (kid->text() != nullptr && kid->text()->size() <= kLongestKid);
}

std::expected<Json, Refusal> verified_claims(std::string_view token, const KeySet& keys) {
    if (token.size() > kLongestToken) return std::unexpected(Refusal::too_long);
    const auto parts = split_jws(token);
    const auto header = parts ? object_in(parts->header, kLongestHeader) : std::nullopt;
    auto claims = header ? object_in(parts->claims, kLongestToken) : std::nullopt;
    const auto signature = claims ? exact_base64url(parts->signature) : std::nullopt;
    if (!signature) return std::unexpected(Refusal::malformed);
    if (!is_taken(*header)) return std::unexpected(Refusal::header);
    const std::string* name = header->text("alg");
    const auto algorithm = name == nullptr ? std::nullopt : algorithm_named(*name);
    if (!algorithm) return std::unexpected(Refusal::algorithm);
    const PublicKey* key = keys.find(header->text("kid"), *algorithm);
    if (key == nullptr) return std::unexpected(Refusal::unknown_key);
    if (!key->verifies(*algorithm, parts->signed_text, *signature)) return std::unexpected(Refusal::signature);
    return std::move(*claims);
}

// A NumericDate (RFC 7519 section 2), rounded down.
std::optional<ServerTime> time_of(const Json& claim) {
    const double* seconds = claim.number();
    if (seconds == nullptr || !(*seconds >= 0 && *seconds <= kLatest)) return std::nullopt;
    return ServerTime(std::chrono::seconds(static_cast<std::int64_t>(std::floor(*seconds))));
}

bool is_for_us(const Json& audience, const std::vector<std::string>& ours) {
    const auto is_ours = [&](const Json& one) {
        return one.text() != nullptr && std::ranges::find(ours, *one.text()) != ours.end();
    };
    if (audience.list() == nullptr) return is_ours(audience);
    const Json::List& all = *audience.list();
    return all.size() <= kMostAudiences &&
           std::ranges::all_of(all, [](const Json& one) { return one.text() != nullptr; }) &&
           std::ranges::any_of(all, is_ours);
}

// Not yet begun; nothing when it is no time.
std::optional<bool> is_ahead(const Json& claims, std::string_view name, ServerTime latest) {
    const Json* claim = claims.find(name);
    if (claim == nullptr) return false;
    const auto time = time_of(*claim);
    if (!time) return std::nullopt;
    return *time > latest;
}

bool is_name(const std::string* text) { return text != nullptr && !text->empty() && text->size() <= kLongestName; }

}  // namespace

std::string_view word(Refusal refusal) {
    switch (refusal) {
        case Refusal::too_long:
            return "too_long";
        case Refusal::malformed:
            return "malformed";
        case Refusal::header:
            return "header";
        case Refusal::algorithm:
            return "algorithm";
        case Refusal::unknown_key:
            return "unknown_key";
        case Refusal::signature:
            return "signature";
        case Refusal::claims:
            return "claims";
        case Refusal::issuer:
            return "issuer";
        case Refusal::audience:
            return "audience";
        case Refusal::expired:
            return "expired";
        case Refusal::not_yet:
            return "not_yet";
    }
    std::unreachable();
}

std::expected<Jwt, Refusal> verify(std::string_view token, const KeySet& keys, const Expectation& expected,
                                   ServerTime now) {
    auto claims = verified_claims(token, keys);
    if (!claims) return std::unexpected(claims.error());
    const std::string* issuer = claims->text("iss");
    const std::string* subject = claims->text("sub");
    const Json* audience = claims->find("aud");
    const Json* expires = claims->find("exp");
    const auto expires_at = expires == nullptr ? std::nullopt : time_of(*expires);
    const Json* id = claims->find("jti");
    const auto begun = is_ahead(*claims, "nbf", now + expected.leeway);
    const auto issued = is_ahead(*claims, "iat", now + expected.leeway);
    if (!is_name(issuer) || !is_name(subject) || audience == nullptr || !expires_at || !begun || !issued ||
        (id != nullptr && !is_name(id->text())))
        return std::unexpected(Refusal::claims);
    if (*issuer != expected.issuer) return std::unexpected(Refusal::issuer);
    if (!is_for_us(*audience, expected.audiences)) return std::unexpected(Refusal::audience);
    if (*expires_at + expected.leeway <= now) return std::unexpected(Refusal::expired);
    if (*begun || *issued) return std::unexpected(Refusal::not_yet);
    Jwt out{*issuer, *subject, id == nullptr ? "" : *id->text(), *expires_at, {}};
    out.claims = std::move(*claims);
    return out;
}

}  // namespace millrace::auth
