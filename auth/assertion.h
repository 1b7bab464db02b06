// A client assertion (RFC 7523): a JWT that proves to a token endpoint who a client is, signed with the key of its
// certificate. RS256 with an RSA key, ES256 with a P-256 key; `x5t` and `x5t#S256` name the certificate, as Entra
// wants it. Lives for five minutes. Pure.
#pragma once

#include <string>

#include "bridge/base/result.h"
#include "bridge/base/secret.h"
#include "bridge/base/time.h"

namespace millrace::auth {

struct Assertion {
    std::string client_id;
    std::string audience;  // the token endpoint
    std::string id;        // never the same twice
    ServerTime now{};
};

// `certificate` and `key` are PEM. An error says which of them is wrong; never what is in it.
Result<Secret> signed_assertion(const Assertion& assertion, const Secret& certificate, const Secret& key);

}  // namespace millrace::auth
