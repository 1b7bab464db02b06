// Options of a libnats connection from the settings. Private to io/nats_*.
//
// The secrets are read here from their files or vaults, so options are made anew for each connection. libnats itself
// reads a credentials file at each reconnect and asks `token` for the token; all else stays as it was read until the
// connection is made anew, which leads here again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/nkey.h"
#include "bridge/base/result.h"
#include "bridge/base/secret.h"
#include "bridge/settings/settings.h"

struct __natsOptions;  // NOLINT(bugprone-reserved-identifier): nats.h calls it so

namespace millrace::io {

bool wants_tls(const settings::Nats& nats);

// The files that a login and TLS are made of.
std::vector<std::string> files_of(const settings::Nats& nats);

// What libnats said last to this thread: the cause where a status is only a class. Empty where it said nothing.
std::string client_cause();

struct DestroyNatsOptions {
    void operator()(__natsOptions* options) const;
};
using NatsOptionsPtr = std::unique_ptr<__natsOptions, DestroyNatsOptions>;

// What the library's callbacks read and answer from; lives as long as the connection.
struct TokenSource {
    std::string path;
    Secret token;
    Secret jwt;  // of credentials that are in no file, with their key
    std::optional<auth::SigningKey> key;
};

// `more_servers` are tried beside the configured ones.
Result<NatsOptionsPtr> make_nats_options(const settings::Nats& nats, const std::vector<std::string>& more_servers,
                                         const std::string& name, TokenSource& token);

}  // namespace millrace::io
