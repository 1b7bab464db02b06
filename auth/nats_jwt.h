// The JWTs of NATS itself, as far as the auth callout needs them (ADR-26, github.com/nats-io/jwt v2): signed with an
// nkey, `alg` ed25519-nkey, the issuer being the key.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "auth/json.h"
#include "auth/nkey.h"
#include "bridge/base/secret.h"
#include "bridge/base/time.h"
#include "subjects/permissions.h"

namespace millrace::auth {

// What a server asks: who is this?
struct LoginRequest {
    std::string server;  // its public key, N…
    std::string user;    // the key it made up for this connection, U…
    std::string host;    // where the client is, as the server says
    Secret auth_token;
    Secret password;
    std::string server_xkey;  // X…; empty: none
};

enum class RequestFault { malformed, signature, unknown_server, late };
std::string_view word(RequestFault fault);

inline constexpr std::size_t kLongestLoginRequest = 64u << 10;

// `servers`: whose requests are taken; empty: anybody's. A request proves no more than that its sender has the key it
// names, so that without this list anybody who may publish in the account could have a user made: then encryption with
// an xkey is what keeps others away.
std::expected<LoginRequest, RequestFault> read_login_request(std::string_view jwt,
                                                             const std::vector<std::string>& servers, ServerTime now);

struct UserClaims {
    std::string user;  // U…
    std::string name;  // shown in the server's logs
    std::string account;
    ServerTime expires_at{};
    subjects::Permissions permissions;
};
std::string user_jwt(const SigningKey& account_key, const UserClaims& claims, ServerTime now);

// The answer to `request`: a user's JWT, or with an empty one an error, whose text the server logs.
std::string login_answer(const SigningKey& account_key, const LoginRequest& request, const std::string& user,
                         std::string_view error, ServerTime now);

}  // namespace millrace::auth
