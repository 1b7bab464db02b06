#include "bridge/app/auth_callout.h"

#include <signal.h>

#include <atomic>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/callout.h"
#include "auth/secret_file.h"
#include "auth/vault_reference.h"
#include "auth/xkey.h"
#include "bridge/app/login_service.h"
#include "bridge/app/tenancy.h"
#include "bridge/app/vaults.h"
#include "bridge/base/log.h"

namespace millrace::app {
namespace {

constexpr Duration kSignalEvery = std::chrono::milliseconds(200);

// Set by SIGTERM and SIGINT.
std::atomic<bool> stopping = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a signal's only way

void stop_on_signals() {
    signal(SIGPIPE, SIG_IGN);
    for (const int number : {SIGTERM, SIGINT}) signal(number, [](int) { stopping = true; });
}

settings::Nats login(const settings::Nats& nats, const auth::CalloutSettings& own) {
    settings::Nats out = nats;
    if (own.user.empty() && own.credentials_file.empty() && own.nkey_file.empty()) return out;
    out.context_file.clear();
    out.token_file.clear();
    out.nkey_file = own.nkey_file;
    out.user = own.user;
    out.password_file = own.password_file;
    out.credentials_file = own.credentials_file;
    return out;
}

// What the login and the callout itself read from vaults, and what those are read with.
std::vector<settings::VaultSecret> vault_secrets(const settings::Settings& settings, const settings::Nats& nats,
                                                 const auth::CalloutSettings& own) {
    std::vector<settings::VaultSecret> found;
    for (const settings::VaultSecret& secret : settings.vault_secrets)
        if (secret.field.starts_with("identities[")) found.push_back(secret);
    for (const auto& [field, source] : std::initializer_list<std::pair<const char*, const std::string&>>{
             {"callout.signing_seed_file", own.signing_seed_file},
             {"callout.xkey_seed_file", own.xkey_seed_file},
             {"password_file", nats.password_file},
             {"credentials_file", nats.credentials_file},
             {"nkey_file", nats.nkey_file},
             {"nats.token_file", nats.token_file},
             {"nats.tls.cert_file", nats.tls.cert_file},
             {"nats.tls.key_file", nats.tls.key_file}}) {
        if (auth::is_vault_reference(source)) found.push_back({field, source});
    }
    return found;
}

int refuse(const std::string& what, const std::string& why) {
    std::fprintf(stderr, "millrace: %s: %s\n", what.c_str(), why.c_str());
    return 2;
}

}  // namespace

int auth_callout(const settings::Settings& settings, auth::Policy policy) {
    const settings::Nats nats = login(settings.nats, policy.callout);
    if (policy.callout.account.empty())
        return refuse("callout", "is missing in the policy (docs/security.md shows one)");
    if (auto usable = io::check_nats_settings(nats); !usable) return refuse("nats", usable.error().text);
    stop_on_signals();
    Vaults vaults(settings, vault_secrets(settings, nats, policy.callout),
                  {[](const Note& note) { log(note.level, note.event, note.text); }});
    for (const auto& [field, why, passing] : vaults.missing())
        if (!passing) return refuse(field, why);
    while (!vaults.awaited().empty() && !stopping) vaults.turn(kSignalEvery);
    if (stopping) return 0;
    const auto seed = auth::read_secret(policy.callout.signing_seed_file, "key file");
    if (!seed) return refuse("callout.signing_seed_file", seed.error().text);
    auto key = auth::SigningKey::parse(auth::NkeyKind::account, *seed);
    if (!key) return refuse("callout.signing_seed_file", key.error().text);
    std::optional<auth::Xkey> xkey;
    if (!policy.callout.xkey_seed_file.empty()) {
        const auto secret = auth::read_secret(policy.callout.xkey_seed_file, "key file");
        if (!secret) return refuse("callout.xkey_seed_file", secret.error().text);
        auto made = auth::Xkey::parse(*secret);
        if (!made) return refuse("callout.xkey_seed_file", made.error().text);
        xkey = std::move(*made);
    }
    auto callout = auth::Callout::make(std::move(policy), tenancy_of(settings), std::move(*key));
    if (!callout) return refuse("policy", callout.error().text);
    vaults.start();
    LoginService(std::move(*callout), std::move(xkey), nats).run([] { return stopping.load(); });
    log(Level::info, "stopped", "logins are not answered any more");
    return 0;
}

}  // namespace millrace::app
