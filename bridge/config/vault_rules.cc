#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/vault_reference.h"
#include "bridge/config/complaint.h"
#include "bridge/config/cross_rules.h"
#include "bridge/config/scalars.h"
#include "bridge/settings/addresses.h"

namespace millrace::config {
namespace {

using settings::IdentitySettings;
using settings::Vault;

std::string listed(const auto& items) {
    std::string names;
    for (const auto& one : items) names += (names.empty() ? "" : ", ") + one.name;
    return names;
}

// The vaults that must be read before the identity has a token.
std::vector<std::string> vaults_of(const IdentitySettings& identity) {
    std::vector<std::string> found;
    for (const std::string* const source : {&identity.secret_file, &identity.certificate_file,
                                            &identity.certificate_key_file, &identity.assertion_file}) {
        if (!auth::is_vault_reference(*source)) continue;
        if (const auto what = auth::parse_vault_reference(*source)) found.push_back(what->vault);
    }
    return found;
}

// Follows vault → identity → the vaults of its secrets → their identities, and says where that comes round.
class Circles {
  public:
    explicit Circles(const settings::Settings& settings) : settings_(settings) {}

    // `kv needs identity machine, whose secrets are in kv`; empty where there is no circle.
    std::string from(const Vault& vault) {
        way_.clear();
        return follow(vault, vault.name) ? way_ : "";
    }

  private:
    bool follow(const Vault& vault, const std::string& goal, std::size_t depth = 0) {
        const auto* const identity = settings::find_identity(settings_.identities, vault.identity);
        if (identity == nullptr || depth > settings_.vaults.size()) return false;
        for (const std::string& next : vaults_of(*identity)) {
            const std::string step =
                vault.name + " needs identity " + identity->name + ", whose secrets are in " + next;
            const auto found = std::ranges::find(settings_.vaults, next, &Vault::name);
            if (next == goal || (found != settings_.vaults.end() && follow(*found, goal, depth + 1))) {
                way_ = way_.empty() ? step : step + "; " + way_;
                return true;
            }
        }
        return false;
    }

    const settings::Settings& settings_;
    std::string way_;
};

void check_identity(const Vault& vault, const std::string& path, const settings::Settings& settings,
                    const Complaints& complain) {
    if (vault.identity.empty()) return;
    const auto* const identity = settings::find_identity(settings.identities, vault.identity);
    if (identity == nullptr) {
        const std::string names = listed(settings.identities);
        return complain(path, quote(vault.identity) + " is not one of the identities (" +
                                  (names.empty() ? "there are none: add identities" : "there are: " + names) + ")");
    }
    if (!settings::has_tokens(*identity))
        return complain(path, quote(vault.identity) +
                                  " is a certificate for TLS, and a vault wants a token (name an "
                                  "identity of another kind)");
    if (const std::string circle = Circles(settings).from(vault); !circle.empty()) {
        complain(path, quote(vault.identity) + " can never get a token: " + circle +
                           " (use a managed identity, or keep its secret in a file or another vault)");
    }
}

}  // namespace

void check_vaults(const Reading& reading, Problems& problems) {
    const Complaints complain{reading.places, problems};
    const settings::Settings& settings = reading.settings;
    std::map<std::string, std::string> seen;
    for (std::size_t i = 0; i < settings.vaults.size(); ++i) {
        const Vault& vault = settings.vaults[i];
        const std::string path = join("vaults", i);
        const auto [first, fresh] = seen.emplace(vault.name, path);
        if (!fresh) complain(path + ".name", quote(vault.name) + " is the name of " + first->second + " already");
        check_identity(vault, path + ".identity", settings, complain);
        if (!vault.ca_file.empty() && vault.url.starts_with("http://"))
            complain(path + ".ca_file",
                     quote(vault.ca_file) + " has no effect on an http URL (use https, or remove it)");
    }
    for (const auto& [field, reference] : settings.vault_secrets) {
        const auto what = auth::parse_vault_reference(reference);
        if (!what || seen.contains(what->vault)) continue;
        const std::string names = listed(settings.vaults);
        complain(field, quote(reference) + " is in none of the vaults (" +
                            (names.empty() ? "there are none: add vaults" : "there are: " + names) + ")");
    }
}

}  // namespace millrace::config
