// `millrace auth-callout`: answers nats-server's question who a client is (auth callout, nats-server 2.10), by the
// rules of a policy file and the tokens of an OIDC provider.
#pragma once

#include "auth/policy.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

// Until SIGTERM or SIGINT. Exit code: 0 stopped, 2 not started, which the standard error explains.
int auth_callout(const settings::Settings& settings, auth::Policy policy);

}  // namespace millrace::app
