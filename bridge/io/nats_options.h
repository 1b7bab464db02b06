// Options of a libnats connection from the settings. Private to io/nats_*, but for `spare_authorities`.
//
// The secrets are read from their files here, so options are made anew for each connection. libnats itself reads the
// credentials file at each reconnect and asks `login` for the token; user, password, nkey and certificates stay as they
// were read until the connection is made anew, which leads here again. (Its own reading of a seed's file is not used:
// before 3.8 it fails at times, and it is told the public key, which Millrace makes from the seed.)
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

// Where NATS is without TLS: keeps libnats up to 3.10 from reading the system's certificate authorities, which it does
// with the first option of TLS, and refusing TLS is one. They are a megabyte, never used. Sets SSL_CERT_FILE, so:
// before any thread starts, and only where all else that uses OpenSSL names its authorities itself.
void spare_authorities(const settings::Nats& nats);

// The files that a login and TLS are made of.
std::vector<std::string> files_of(const settings::Nats& nats);

// What libnats said last to this thread: the cause where a status is only a class. Empty where it said nothing.
std::string client_cause();

struct DestroyNatsOptions {
    void operator()(__natsOptions* options) const;
};
using NatsOptionsPtr = std::unique_ptr<__natsOptions, DestroyNatsOptions>;

// Who connects, and what the library's callbacks answer from; lives as long as the connection, and stays where it is.
struct Login {
    const settings::Nats& nats;
    Secret token;
    Secret jwt;
    std::optional<auth::SigningKey> key;
};

// `more_servers` are tried beside the configured ones.
Result<NatsOptionsPtr> make_nats_options(const std::vector<std::string>& more_servers, const std::string& name,
                                         Login& login);

}  // namespace millrace::io
