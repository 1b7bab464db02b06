// Options of a libnats connection from the settings. Private to io/nats_*.
//
// The secrets are read from their files here, so options are made anew for each connection. libnats itself reads the
// credentials file at each reconnect and asks `token` for the token; user and password stay as they were read until
// the server refuses them, which closes the connection and leads here again.
#pragma once

#include <memory>
#include <string>

#include "bridge/base/result.h"
#include "bridge/base/secret.h"
#include "bridge/settings/settings.h"

struct __natsOptions;  // NOLINT(bugprone-reserved-identifier): nats.h calls it so

namespace millrace::io {

struct DestroyNatsOptions {
    void operator()(__natsOptions* options) const;
};
using NatsOptionsPtr = std::unique_ptr<__natsOptions, DestroyNatsOptions>;

// What the token callback reads and returns; lives as long as the connection.
struct TokenSource {
    std::string path;
    Secret token;
};

Result<NatsOptionsPtr> make_nats_options(const settings::Nats& nats, const std::string& name, TokenSource& token);

}  // namespace millrace::io
