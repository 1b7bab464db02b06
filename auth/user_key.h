// The key of a NATS user in a file, as `nk` and `nsc` write one: its seed on a line of its own, alone or beside other
// lines (its public key, a comment), or between -----BEGIN USER NKEY SEED----- and its END (github.com/nats-io/nkeys,
// ParseDecoratedNKey). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "auth/nkey.h"
#include "bridge/base/result.h"

namespace millrace::auth {

// The error is the rest of a sentence about the text: has no seed in it …. It says nothing of what the text is.
Result<SigningKey> parse_user_key(std::string_view text);

// `what` is what an error calls the file, as in secret_file.h.
Result<SigningKey> read_user_key(const std::string& path, std::string_view what);

}  // namespace millrace::auth
