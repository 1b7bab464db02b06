#include "bridge/io/nats_options.h"

#include <nats/nats.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "auth/credentials_text.h"
#include "auth/nats_context.h"
#include "auth/secret_file.h"
#include "auth/user_key.h"
#include "auth/vault_reference.h"
#include "bridge/base/text.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/nats_loop.h"
#include "bridge/io/nats_wire.h"

namespace millrace::io {

namespace {

constexpr std::int64_t kPingIntervalMs = 10'000;
constexpr int kMaxPingsOut = 2;
constexpr std::int64_t kConnectTimeoutMs = 2'000;

// As a part of the JSON that libnats makes of it without escaping (as of 3.13).
std::string in_connect(std::string_view text) {
    std::string quoted;
    append_quoted(quoted, text);
    return quoted.substr(1, quoted.size() - 2);
}

// What a login is made of: the text of its file, or where that is a context of the NATS CLI, a member of it. Escaped.
Result<Secret> read_secret(const settings::Nats& nats, const std::string& path, const std::string& field,
                           Secret auth::NatsContext::* member) {
    Secret secret;
    if (path == nats.context_file) {
        auto context = auth::read_nats_context(path);
        if (!context) return std::unexpected(std::move(context.error()));
        secret = std::move(*context.*member);
    } else {
        auto bytes = auth::read_secret_bytes(path, field);
        if (!bytes) return std::unexpected(std::move(bytes.error()));
        const auto end = bytes->reveal().find_last_not_of("\r\n");
        secret = Secret(bytes->reveal().substr(0, end + 1));
    }
    if (secret.empty()) return fail(ErrorCode::invalid, field + " \"" + path + "\" is empty");
    return Secret(in_connect(secret.reveal()));
}

const char* token_now(void* closure) {
    auto& login = *static_cast<Login*>(closure);
    if (auto token = read_secret(login.nats, login.nats.token_file, "nats.token_file", &auth::NatsContext::token))
        login.token = std::move(*token);
    return login.token.reveal().c_str();  // the old one where the file cannot be read
}

natsStatus jwt_now(char** jwt, char**, void* closure) {
    *jwt = strdup(static_cast<Login*>(closure)->jwt.reveal().c_str());
    return *jwt == nullptr ? NATS_NO_MEMORY : NATS_OK;
}

// The library frees what it gets. It asks with the key that it was given, so the file is not read again here: what is
// in it by then may be another's.
natsStatus sign(char**, unsigned char** signature, int* size, const char* nonce, void* closure) {
    const std::string signed_nonce = static_cast<Login*>(closure)->key->sign(nonce);
    *signature = static_cast<unsigned char*>(std::malloc(signed_nonce.size()));
    if (*signature == nullptr) return NATS_NO_MEMORY;
    std::ranges::copy(signed_nonce, *signature);
    *size = static_cast<int>(signed_nonce.size());
    return NATS_OK;
}

// From a quarter of a second to five, with full jitter: a restarted server is not met by all clients at once.
std::int64_t reconnect_delay(natsConnection*, int attempts, void*) {
    thread_local std::minstd_rand random{std::random_device{}()};
    const double limit = std::min(5000.0, 250.0 * std::pow(2.0, std::clamp(attempts - 1, 0, 10)));
    return std::uniform_int_distribution<std::int64_t>(50, static_cast<std::int64_t>(limit))(random);
}

class Setter {
  public:
    void operator()(natsStatus status, const char* what) {
        if (status == NATS_OK || !error_.empty()) return;
        error_ = std::string(what) + ": " + natsStatus_GetText(status);
        if (const auto cause = client_cause(); !cause.empty()) error_ += " (" + cause + ")";
    }
    [[nodiscard]] const std::string& error() const { return error_; }

  private:
    std::string error_;
};

void set_liveness(natsOptions* o, Setter& set) {
    set(natsOptions_SetAllowReconnect(o, true), "reconnect");
    set(natsOptions_SetMaxReconnect(o, -1), "reconnect attempts");
    set(natsOptions_SetCustomReconnectDelay(o, reconnect_delay, nullptr), "reconnect delay");
    set(natsOptions_SetReconnectBufSize(o, 0), "reconnect buffer");
    set(natsOptions_SetFailRequestsOnDisconnect(o, true), "requests");
    set(natsOptions_SetPingInterval(o, kPingIntervalMs), "ping interval");
    set(natsOptions_SetMaxPingsOut(o, kMaxPingsOut), "pings out");
    set(natsOptions_SetTimeout(o, kConnectTimeoutMs), "connect timeout");
    set(natsOptions_SetWriteDeadline(o, kWriteDeadline.count()), "write deadline");
    set(natsOptions_UseGlobalMessageDelivery(o, true), "message delivery");
}

// What is in a vault never touches the disk; files are left to the library.
Result<void> show_certificate(natsOptions* o, const settings::Tls& tls, Setter& set) {
    if (!auth::is_vault_reference(tls.cert_file) && !auth::is_vault_reference(tls.key_file)) {
        set(natsOptions_LoadCertificatesChain(o, tls.cert_file.c_str(), tls.key_file.c_str()), "nats.tls.cert_file");
        return {};
    }
    const auto certificate = auth::read_secret_bytes(tls.cert_file, "nats.tls.cert_file");
    if (!certificate) return std::unexpected(certificate.error());
    const auto key = auth::read_secret_bytes(tls.key_file, "nats.tls.key_file");
    if (!key) return std::unexpected(key.error());
    set(natsOptions_SetCertificatesChain(o, certificate->reveal().c_str(), key->reveal().c_str()),
        "nats.tls.cert_file");
    return {};
}

Result<void> set_tls(natsOptions* o, const settings::Tls& tls, Setter& set) {
    set(natsOptions_SetSecure(o, true), "nats.tls");
    if (!tls.ca_file.empty()) set(natsOptions_LoadCATrustedCertificates(o, tls.ca_file.c_str()), "nats.tls.ca_file");
    return tls.cert_file.empty() ? Result<void>() : show_certificate(o, tls, set);
}

// The library reads a file of credentials again at each reconnect; those in a vault or a context are given to it.
Result<auth::Credentials> credentials_of(const settings::Nats& nats) {
    const std::string& source = nats.credentials_file;
    if (source != nats.context_file) {
        const auto text = auth::read_secret_bytes(source, "nats.credentials_file");
        if (!text) return std::unexpected(text.error());
        auto read = auth::parse_credentials(text->reveal());
        if (!read) return fail(read.error().code, "nats.credentials_file \"" + source + "\" " + read.error().text);
        return read;
    }
    auto context = auth::read_nats_context(source);
    if (!context) return std::unexpected(std::move(context.error()));
    auto key = auth::parse_user_key(context->user_seed.reveal());
    if (!key) return fail(key.error().code, "NATS context \"" + source + "\": user_seed: " + key.error().text);
    constexpr std::string_view kJwt = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (context->user_jwt.reveal().find_first_not_of(kJwt) != std::string::npos)
        return fail(ErrorCode::invalid, "NATS context \"" + source + "\": user_jwt: is no JWT");
    return auth::Credentials{std::move(context->user_jwt), std::move(*key)};
}

Result<void> set_credentials(natsOptions* o, Login& login, Setter& set) {
    const std::string& source = login.nats.credentials_file;
    if (source != login.nats.context_file && !auth::is_vault_reference(source)) {
        set(natsOptions_SetUserCredentialsFromFiles(o, source.c_str(), nullptr), "nats.credentials_file");
        return {};
    }
    auto credentials = credentials_of(login.nats);
    if (!credentials) return std::unexpected(std::move(credentials.error()));
    login.jwt = std::move(credentials->jwt);
    login.key = std::move(credentials->key);
    set(natsOptions_SetUserCredentialsCallbacks(o, jwt_now, &login, sign, &login), "nats.credentials_file");
    return {};
}

Result<void> set_login(natsOptions* o, Login& login, Setter& set) {
    const settings::Nats& nats = login.nats;
    if (!nats.credentials_file.empty()) return set_credentials(o, login, set);
    if (!nats.user.empty()) {
        Secret password;
        if (!nats.password_file.empty()) {
            auto read = read_secret(nats, nats.password_file, "nats.password_file", &auth::NatsContext::password);
            if (!read) return std::unexpected(std::move(read.error()));
            password = std::move(*read);
        }
        set(natsOptions_SetUserInfo(o, in_connect(nats.user).c_str(), password.reveal().c_str()), "nats.user");
    }
    if (!nats.token_file.empty()) {
        auto token = read_secret(nats, nats.token_file, "nats.token_file", &auth::NatsContext::token);
        if (!token) return std::unexpected(std::move(token.error()));
        login.token = std::move(*token);
        set(natsOptions_SetTokenHandler(o, token_now, &login), "nats.token_file");
    }
    if (!nats.nkey_file.empty()) {
        auto key = auth::read_user_key(nats.nkey_file, "nats.nkey_file");
        if (!key) return std::unexpected(std::move(key.error()));
        login.key = std::move(*key);
        set(natsOptions_SetNKey(o, login.key->public_key().c_str(), sign, &login), "nats.nkey_file");
    }
    return {};
}

}  // namespace

void spare_authorities(const settings::Nats& nats) {
    if (!wants_tls(nats) && needs_loop_for_tls())
        setenv("SSL_CERT_FILE", "/dev/null", 1);  // NOLINT(concurrency-mt-unsafe)
}

// libnats before 3.13 takes tls:// for plain; for us it asks for TLS, as it does elsewhere in NATS.
bool wants_tls(const settings::Nats& nats) {
    return nats.tls.enabled ||
           std::ranges::any_of(nats.urls, [](const std::string& url) { return url.starts_with("tls://"); });
}

std::vector<std::string> files_of(const settings::Nats& nats) {
    std::vector<std::string> files;
    for (const auto* path : {&nats.credentials_file, &nats.nkey_file, &nats.password_file, &nats.token_file,
                             &nats.tls.ca_file, &nats.tls.cert_file, &nats.tls.key_file}) {
        if (!path->empty()) files.push_back(*path);
    }
    return files;
}

// It puts the place in its sources before, "(conn.c:733): ", and what OpenSSL did not say behind.
std::string client_cause() {
    constexpr std::string_view kUnsaid = ": (null)";
    const char* said = nats_GetLastError(nullptr);
    std::string_view cause = said != nullptr ? said : "";
    if (const auto place = cause.find("): "); cause.starts_with('(') && place != std::string_view::npos)
        cause.remove_prefix(place + 3);
    if (cause.ends_with(kUnsaid)) cause.remove_suffix(kUnsaid.size());
    return std::string(cause);
}

void DestroyNatsOptions::operator()(__natsOptions* options) const { natsOptions_Destroy(options); }

Result<void> check_nats_settings(const settings::Nats& nats) {
    if (nats.urls.empty()) return fail(ErrorCode::invalid, "nats.urls: empty (give at least one)");
    return {};
}

Result<NatsOptionsPtr> make_nats_options(const std::vector<std::string>& more_servers, const std::string& name,
                                         Login& login) {
    const settings::Nats& nats = login.nats;
    if (auto usable = check_nats_settings(nats); !usable) return std::unexpected(std::move(usable.error()));
    natsOptions* made = nullptr;
    Setter set;
    set(natsOptions_Create(&made), "options");
    NatsOptionsPtr options(made);
    if (!options) return fail(ErrorCode::unavailable, set.error());
    std::vector<const char*> urls;
    for (const auto& url : nats.urls) urls.push_back(url.c_str());
    for (const auto& url : more_servers) urls.push_back(url.c_str());
    set(natsOptions_SetServers(made, urls.data(), static_cast<int>(urls.size())), "nats.urls");
    set(natsOptions_SetName(made, name.c_str()), "name");
    if (!nats.inbox_prefix.empty()) {
        set(natsOptions_SetCustomInboxPrefix(made, inbox_prefix(nats).c_str()), "nats.inbox_prefix");
    }
    set_liveness(made, set);
    if (wants_tls(nats)) {
        if (auto done = set_tls(made, nats.tls, set); !done) return std::unexpected(std::move(done.error()));
    } else if (needs_loop_for_tls()) {
        // It turns to TLS by itself where the server wants it. No certificate has this name.
        set(natsOptions_SetExpectedHostname(made, "tls-was-not-asked-for.invalid"), "no TLS");
    }
    if (auto known = set_login(made, login, set); !known) return std::unexpected(std::move(known.error()));
    if (!set.error().empty()) return fail(ErrorCode::misconfigured, set.error());
    return options;
}

}  // namespace millrace::io
