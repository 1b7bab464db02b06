#include "auth/grant.h"

#include "bridge/base/check.h"
#include "bridge/settings/addresses.h"

namespace millrace::auth {

Result<std::unique_ptr<Grant>> make_grant(const settings::IdentitySettings& identity, const std::string& audience,
                                          const Environment& environment) {
    MILLRACE_CHECK(settings::has_tokens(identity), "a certificate needs no token");
    return identity.kind == settings::IdentityKind::managed_identity
               ? managed_identity(identity, audience, environment)
               : client_credentials(identity, audience, environment);
}

}  // namespace millrace::auth
