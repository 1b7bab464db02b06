// A NATS credentials file as text, as `nsc` writes it: a user's JWT and the seed of its key, each between a line of
// BEGIN and one of END (docs.nats.io, "Credentials files"). libnats reads such files itself; this is for what is in no
// file. Pure.
#pragma once

#include <string_view>

#include "auth/nkey.h"
#include "bridge/base/result.h"
#include "bridge/base/secret.h"

namespace millrace::auth {

struct Credentials {
    Secret jwt;
    SigningKey key;
};

// The error is the rest of a sentence about the text, and says nothing of what is in it.
Result<Credentials> parse_credentials(std::string_view text);

}  // namespace millrace::auth
