// Where a secret is in an Azure Key Vault: keyvault://VAULT/SECRET, or with /VERSION one version of it for ever.
//
// Written wherever the configuration takes a file with a secret. VAULT is a vault's name, which stands for
// https://VAULT.vault.azure.net, or a whole host, as the other clouds of Azure have them. Names as Azure gives them:
// learn.microsoft.com, "Azure Key Vault keys, secrets and certificates overview", object identifiers. Pure.
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/result.h"

namespace millrace::auth {

struct VaultReference {
    std::string vault;
    std::string secret;
    std::string version;  // empty: the latest
};

// Instead of a path.
inline bool is_vault_reference(std::string_view source) { return source.starts_with("keyvault://"); }

// An error is what is to be put behind the text.
Result<VaultReference> parse_vault_reference(std::string_view text);

// A vault's name, or the host of one.
bool is_vault_name(std::string_view text);

// Where the vault of that name is asked, and what its tokens are for (the resource, without a scope's end): both follow
// from the name alone, so that no answer can say where a token goes.
std::string vault_url(const std::string& vault);
std::string vault_audience(const std::string& vault);

}  // namespace millrace::auth
