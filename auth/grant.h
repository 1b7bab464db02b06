// Grant: a way to get a token (what OAuth 2.0 calls a grant): which request to send, and what its answer means.
//
// One exchange is `begin`, and then `answered` for each answer until it says that it is over; mostly at once. Files are
// read when a request needs them, so that whoever rotates them has nothing else to do.
//
// Thread: one shard's. Pure but for the files: no socket, no clock.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "auth/token.h"
#include "bridge/base/result.h"
#include "bridge/base/time.h"
#include "bridge/settings/settings.h"

namespace millrace::auth {

class Grant {
  public:
    virtual ~Grant() = default;

    // The first request, or why there is none.
    virtual TokenStep begin(ServerTime wall) = 0;
    virtual TokenStep answered(const TokenResponse& response, ServerTime wall) { return read_token(response, wall); }
};

// A variable of the process's environment; nothing where it is not set, or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The way that an identity with tokens is configured for, `audience` being what they are for. An error says which
// variable is missing or which file cannot be read, and what to do.
Result<std::unique_ptr<Grant>> make_grant(const settings::IdentitySettings& identity, const std::string& audience,
                                          const Environment& environment);

// Each kind's own; see make_grant.
Result<std::unique_ptr<Grant>> client_credentials(const settings::IdentitySettings& identity,
                                                  const std::string& audience, const Environment& environment);
inline constexpr const char* kArcFolder = "/var/opt/azcmagent/tokens";
Result<std::unique_ptr<Grant>> managed_identity(const settings::IdentitySettings& identity, const std::string& audience,
                                                const Environment& environment,
                                                const std::string& arc_folder = kArcFolder);

}  // namespace millrace::auth
