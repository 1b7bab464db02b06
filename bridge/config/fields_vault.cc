// The fields of vaults: where secrets are that are in no file.
#include "bridge/config/field.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

using settings::Settings;
using settings::Vault;
using std::chrono::hours;
using std::chrono::seconds;

void resize_vaults(Target& target, std::size_t count) { target.all->vaults.resize(count); }
Target vault_at(const Target& target, std::size_t index) {
    return {.all = target.all, .vault = &target.all->vaults[index]};
}

constexpr Field kFields[] = {
    {.path = "vaults",
     .shape = Sections{"vault", resize_vaults, vault_at},
     .doc = "Azure Key Vaults. Every field that takes a file with a secret, or a certificate, also takes "
            "`keyvault://VAULT/SECRET`, the latest version of a secret in one of them, or "
            "`keyvault://VAULT/SECRET/VERSION`. How they are read and watched: "
            "[identities.md](identities.md#secrets-in-azure-key-vault).",
     .apart = true},
    {.path = "vaults[].name",
     .shape = Text{at<&Vault::name>, rules::vault_name},
     .doc =
         "The vault's name, which stands for `https://NAME.vault.azure.net`, or its whole host in another cloud, such "
         "as `kv-millrace.vault.azure.cn`. References say the same.",
     .example = "kv-millrace",
     .required = true,
     .apart = true},
    {.path = "vaults[].identity",
     .shape = Text{at<&Vault::identity>, rules::pipeline_name},
     .doc =
         "As whom it is asked: the name of one of `identities` that gets tokens. None of what that identity itself is "
         "made of may be in a vault that needs it.",
     .example = "machine",
     .required = true,
     .apart = true},
    {.path = "vaults[].url",
     .shape = Text{at<&Vault::url>, rules::token_url},
     .doc =
         "Where it is asked, in place of what the name says: a proxy, or an emulator. Tokens are still those for the "
         "vault of that name. `https`, or `http` to loopback.",
     .example = "https://vault-proxy.internal",
     .apart = true},
    {.path = "vaults[].ca_file",
     .shape = File{at<&Vault::ca_file>},
     .doc = "Certificates (PEM) that may have signed the vault's, in place of the system's.",
     .example = "/etc/millrace/vault-ca.pem",
     .apart = true},
    {.path = "vaults[].look_every",
     .shape = Wait{at<&Vault::look_every>, seconds(1), hours(24)},
     .initial = "5m",
     .doc = "How often the latest version of each of its secrets is looked up, up to a tenth earlier. A secret that is "
            "refused where it is used is looked up at once.",
     .example = "5m",
     .apart = true},
};

}  // namespace

std::span<const Field> vault_fields() { return kFields; }

}  // namespace millrace::config
