#include "auth/nats_jwt.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "auth/jws.h"
#include "bridge/base/digest.h"
#include "bridge/base/text.h"

namespace millrace::auth {
namespace {

constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"ed25519-nkey"})";
constexpr std::string_view kAudience = "nats-authorization-request";
constexpr std::size_t kLongestHeader = 256;
constexpr std::size_t kLongestHost = 256;

bool is(const Json& object, std::string_view member, std::string_view wanted) {
    const std::string* text = object.text(member);
    return text != nullptr && *text == wanted;
}

std::string text_or_empty(const Json* object, std::string_view member) {
    const std::string* text = object == nullptr ? nullptr : object->text(member);
    return text == nullptr ? std::string() : *text;
}

// The claims of a JWT that the key named in it has signed, where that key is a server's.
std::expected<Json, RequestFault> self_signed_claims(std::string_view jwt) {
    const auto parts = jwt.size() <= kLongestLoginRequest ? split_jws(jwt) : std::nullopt;
    if (!parts) return std::unexpected(RequestFault::malformed);
    const auto header = object_in(parts->header, kLongestHeader);
    auto claims = object_in(parts->claims, kLongestLoginRequest);
    const auto signature = exact_base64url(parts->signature);
    if (!header || !claims || !signature || !is(*header, "alg", "ed25519-nkey") || header->find("crit") != nullptr)
        return std::unexpected(RequestFault::malformed);
    const auto key = decode_public(NkeyKind::server, text_or_empty(&*claims, "iss"));
    if (!key) return std::unexpected(RequestFault::malformed);
    if (!verify_ed25519(*key, parts->signed_text, *signature)) return std::unexpected(RequestFault::signature);
    return std::move(*claims);
}

std::string sign(const SigningKey& key, const std::string& claims) {
    const std::string text = base64url(kHeader) + "." + base64url(claims);
    return text + "." + base64url(key.sign(text));
}

// Claims with the usual members; `more` are those behind them.
std::string claims_text(const SigningKey& key, const std::string& subject, const std::string& audience, ServerTime now,
                        const std::string& more) {
    const std::string text = R"("iat":)" + std::to_string(numeric_date(now)) + R"(,"iss":)" + quoted(key.public_key()) +
                             R"(,"sub":)" + quoted(subject) + R"(,"aud":)" + quoted(audience) + more;
    const auto id = sha256(text);
    return R"({"jti":)" + quoted(base32({reinterpret_cast<const char*>(id.data()), id.size()})) + "," + text + "}";
}

std::string list(std::string_view name, const std::vector<std::string>& subjects) {
    if (subjects.empty()) return {};
    std::string out = quoted(name) + ":[";
    for (const std::string& subject : subjects) out.append(out.ends_with('[') ? "" : ",").append(quoted(subject));
    return out + "]";
}

std::string rights(const subjects::Rights& rights) {
    const std::string allow = list("allow", rights.allow);
    const std::string deny = list("deny", rights.deny);
    return "{" + allow + (allow.empty() || deny.empty() ? "" : ",") + deny + "}";
}

}  // namespace

std::string_view word(RequestFault fault) {
    switch (fault) {
        case RequestFault::malformed:
            return "request_malformed";
        case RequestFault::signature:
            return "request_signature";
        case RequestFault::unknown_server:
            return "unknown_server";
        case RequestFault::late:
            return "late";
    }
    std::unreachable();
}

std::expected<LoginRequest, RequestFault> read_login_request(std::string_view jwt,
                                                             const std::vector<std::string>& servers, ServerTime now) {
    const auto claims = self_signed_claims(jwt);
    if (!claims) return std::unexpected(claims.error());
    const Json* nats = claims->find("nats");
    const Json* server = nats == nullptr ? nullptr : nats->find("server_id");
    const Json* options = nats == nullptr ? nullptr : nats->find("connect_opts");
    const Json* expires = claims->find("exp");
    LoginRequest out{
        .server = text_or_empty(server, "id"),
        .user = text_or_empty(nats, "user_nkey"),
        .host = text_or_empty(nats == nullptr ? nullptr : nats->find("client_info"), "host").substr(0, kLongestHost),
        .auth_token = Secret(text_or_empty(options, "auth_token")),
        .password = Secret(text_or_empty(options, "pass")),
        .server_xkey = text_or_empty(server, "xkey")};
    if (nats == nullptr || !is(*nats, "type", "authorization_request") || !is(*claims, "aud", kAudience) ||
        !is(*claims, "iss", out.server) || !decode_public(NkeyKind::user, out.user) || expires == nullptr ||
        expires->number() == nullptr)
        return std::unexpected(RequestFault::malformed);
    if (!servers.empty() && std::ranges::find(servers, out.server) == servers.end())
        return std::unexpected(RequestFault::unknown_server);
    // In whole seconds, cut: the server waits for up to one more.
    if (static_cast<double>(numeric_date(now)) > *expires->number()) return std::unexpected(RequestFault::late);
    return out;
}

std::string user_jwt(const SigningKey& account_key, const UserClaims& claims, ServerTime now) {
    return sign(account_key, claims_text(account_key, claims.user, claims.account, now,
                                         R"(,"name":)" + quoted(claims.name) + R"(,"exp":)" +
                                             std::to_string(numeric_date(claims.expires_at)) + R"(,"nats":{"pub":)" +
                                             rights(claims.permissions.publish) + R"(,"sub":)" +
                                             rights(claims.permissions.subscribe) +
                                             R"(,"subs":-1,"data":-1,"payload":-1,"type":"user","version":2})"));
}

std::string login_answer(const SigningKey& account_key, const LoginRequest& request, const std::string& user,
                         std::string_view error, ServerTime now) {
    const std::string said = user.empty() ? R"("error":)" + quoted(error) : R"("jwt":)" + quoted(user);
    return sign(account_key, claims_text(account_key, request.user, request.server, now,
                                         R"(,"nats":{)" + said + R"(,"type":"authorization_response","version":2})"));
}

}  // namespace millrace::auth
