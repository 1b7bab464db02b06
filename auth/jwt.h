// An identity provider's token (JWT in JWS compact form, RFC 7519 and 7515), verified.
//
// Strict, and in this order: at most kLongestToken bytes; exactly three parts; each base64url without padding, in the
// one way of writing it; header and claims strict JSON objects (auth/json.h); `alg` one of four names; nothing in the
// header that would change what is verified or with which key (crit, jwk, jku, x5u, x5c, b64, zip, enc, cty); `typ` JWT
// or at+jwt; the key by kid and algorithm from the provider's own set; the signature; then issuer, audience, subject
// and times, in whole seconds with `leeway` on either side. Claims are looked at only when the signature is right.
// Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "auth/json.h"
#include "auth/jwks.h"
#include "bridge/base/time.h"

namespace millrace::auth {

inline constexpr std::size_t kLongestToken = 16u << 10;

// Why a token is refused, in words that hold nothing of it.
enum class Refusal {
    too_long,
    malformed,
    header,       // a member that is not taken
    algorithm,    // none of the four
    unknown_key,  // the set may be an old one
    signature,
    claims,  // one is missing, or of another type
    issuer,
    audience,
    expired,
    not_yet,  // nbf or iat in the future
};
std::string_view word(Refusal refusal);

struct Expectation {
    std::string issuer;                  // exactly
    std::vector<std::string> audiences;  // one of these
    Duration leeway = std::chrono::seconds(60);
};

struct Jwt {
    std::string issuer;
    std::string subject;
    std::string id;  // jti; empty: none
    ServerTime expires_at{};
    Json claims;
};

std::expected<Jwt, Refusal> verify(std::string_view token, const KeySet& keys, const Expectation& expected,
                                   ServerTime now);

}  // namespace millrace::auth
