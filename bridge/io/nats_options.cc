#include "bridge/io/nats_options.h"

#include <nats/nats.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

#include "auth/secret_file.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/nats_wire.h"

namespace millrace::io {

namespace {

constexpr std::int64_t kPingIntervalMs = 10'000;
constexpr int kMaxPingsOut = 2;
constexpr std::int64_t kConnectTimeoutMs = 2'000;
constexpr std::uint32_t kFirstSafeTls = (3u << 16) | (11u << 8);  // SSL objects under a mutex

Result<std::string> read_secret(const std::string& path, const char* field) {
    auto bytes = auth::read_secret_bytes(path, field);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    std::string text = bytes->reveal();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (text.empty()) return fail(ErrorCode::invalid, std::string(field) + " \"" + path + "\" is empty");
    return text;
}

const char* token_now(void* closure) {
    auto& source = *static_cast<TokenSource*>(closure);
    if (auto text = read_secret(source.path, "nats.token_file")) source.token = Secret(std::move(*text));
    return source.token.reveal().c_str();  // the old one where the file cannot be read
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

void set_tls(natsOptions* o, const settings::Tls& tls, Setter& set) {
    set(natsOptions_SetSecure(o, true), "nats.tls");
    if (!tls.ca_file.empty()) set(natsOptions_LoadCATrustedCertificates(o, tls.ca_file.c_str()), "nats.tls.ca_file");
    if (!tls.cert_file.empty()) {
        set(natsOptions_LoadCertificatesChain(o, tls.cert_file.c_str(), tls.key_file.c_str()), "nats.tls.cert_file");
    }
}

Result<void> set_login(natsOptions* o, const settings::Nats& nats, TokenSource& token, Setter& set) {
    if (!nats.credentials_file.empty())
        set(natsOptions_SetUserCredentialsFromFiles(o, nats.credentials_file.c_str(), nullptr),
            "nats.credentials_file");
    if (!nats.user.empty()) {
        Secret password;
        if (!nats.password_file.empty()) {
            auto text = read_secret(nats.password_file, "nats.password_file");
            if (!text) return std::unexpected(std::move(text.error()));
            password = Secret(std::move(*text));
        }
        set(natsOptions_SetUserInfo(o, nats.user.c_str(), password.reveal().c_str()), "nats.user");
    }
    if (!nats.token_file.empty()) {
        auto text = read_secret(nats.token_file, "nats.token_file");
        if (!text) return std::unexpected(std::move(text.error()));
        token.path = nats.token_file;
        token.token = Secret(std::move(*text));
        set(natsOptions_SetTokenHandler(o, token_now, &token), "nats.token_file");
    }
    return {};
}

}  // namespace

void spare_authorities(const settings::Nats& nats) {
    if (!wants_tls(nats) && nats_GetVersionNumber() < kFirstSafeTls)
        setenv("SSL_CERT_FILE", "/dev/null", 1);  // NOLINT(concurrency-mt-unsafe)
}

// libnats before 3.13 takes tls:// for plain; for us it asks for TLS, as it does elsewhere in NATS.
bool wants_tls(const settings::Nats& nats) {
    return nats.tls.enabled ||
           std::ranges::any_of(nats.urls, [](const std::string& url) { return url.starts_with("tls://"); });
}

std::vector<std::string> files_of(const settings::Nats& nats) {
    std::vector<std::string> files;
    for (const auto* path : {&nats.credentials_file, &nats.password_file, &nats.token_file, &nats.tls.ca_file,
                             &nats.tls.cert_file, &nats.tls.key_file}) {
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
    if (wants_tls(nats) && nats_GetVersionNumber() < kFirstSafeTls && !nats.tls.accept_unsafe_client) {
        return fail(ErrorCode::misconfigured,
                    std::string("nats.tls: libnats ") + nats_GetVersion() +
                        " shares one TLS object between threads without a lock, which may corrupt the stream (use "
                        "libnats 3.11 or newer, or set nats.tls.accept_unsafe_client: true)");
    }
    if (nats.urls.empty()) return fail(ErrorCode::invalid, "nats.urls: empty (give at least one)");
    return {};
}

Result<NatsOptionsPtr> make_nats_options(const settings::Nats& nats, const std::vector<std::string>& more_servers,
                                         const std::string& name, TokenSource& token) {
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
        set_tls(made, nats.tls, set);
    } else if (nats_GetVersionNumber() < kFirstSafeTls) {
        // It turns to TLS by itself where the server wants it. No certificate has this name.
        set(natsOptions_SetExpectedHostname(made, "tls-was-not-asked-for.invalid"), "no TLS");
    }
    if (auto login = set_login(made, nats, token, set); !login) return std::unexpected(std::move(login.error()));
    if (!set.error().empty()) return fail(ErrorCode::misconfigured, set.error());
    return options;
}

}  // namespace millrace::io
