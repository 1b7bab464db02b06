// What is asked of an Azure Key Vault, and what its answer means. Pure: no socket, no clock.
//
// Sources: learn.microsoft.com, "Get Secret" (REST API 7.4), "Authentication, requests and responses" and "REST API
// error codes" of Azure Key Vault.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "auth/token.h"
#include "auth/vault_reference.h"
#include "bridge/base/secret.h"
#include "bridge/base/time.h"
#include "bridge/settings/settings.h"

namespace millrace::auth {

// A secret has 25 KB at most, and JSON may take six bytes for one.
inline constexpr std::size_t kMostVaultSecret = 25 * 1024;
inline constexpr std::size_t kMostVaultAnswer = 6 * kMostVaultSecret + 8 * 1024;

// Where the vault is asked, without a slash at its end: its configured url, or the one its name stands for.
std::string address_of(const settings::Vault& vault);

TokenRequest ask_for_secret(const settings::Vault& vault, const VaultReference& what, const Secret& token);

struct VaultValue {
    Secret value;
    std::string version;
};

// `why` holds nothing that anybody sent but words and numbers that Azure defines.
struct VaultFailure {
    std::string why;
    bool passing = false;
    std::optional<Duration> retry_after = {};
    bool token_refused = false;  // another token may do
};

// A secret that is disabled, over or not yet good counts as a failure: its owner does not want it used. So does a
// secret of another name or version than was asked for, and a challenge (401) for tokens of another resource than the
// vault's. Total.
std::variant<VaultValue, VaultFailure> read_vault_answer(const VaultReference& what, const TokenResponse& response,
                                                         ServerTime wall);

}  // namespace millrace::auth
