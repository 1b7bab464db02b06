// Client credentials (RFC 6749 4.4): a token by the client's own secret, the signature of its certificate, or a token
// that somebody else keeps fresh for it in a file (RFC 7523; AKS workload identity).
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "auth/assertion.h"
#include "auth/form.h"
#include "auth/grant.h"
#include "auth/secret_file.h"
#include "bridge/base/text.h"

namespace millrace::auth {

namespace {

using settings::AudienceAs;
using settings::IdentityKind;
using settings::IdentitySettings;
using settings::SecretIn;

constexpr std::string_view kDefaultScope = "/.default";
constexpr const char* kEntra = "https://login.microsoftonline.com";

TokenFailure broken(const Error& error) { return {error.text, false, {}}; }

// Half a random UUID more than anybody needs.
std::string random_id() {
    std::array<unsigned char, 24> bytes{};
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    return base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

class ClientCredentials final : public Grant {
  public:
    ClientCredentials(IdentitySettings identity, const std::string& audience) : identity_(std::move(identity)) {
        shared_.emplace_back("grant_type", "client_credentials");
        if (!audience.empty()) say_audience(audience);
        shared_.insert(shared_.end(), identity_.parameters.begin(), identity_.parameters.end());
    }

    TokenStep begin(ServerTime wall) override {
        TokenRequest request;
        request.url = identity_.token_url;
        request.ca_file = identity_.ca_file;
        request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
        Form form = shared_;
        if (auto done = prove(form, request, wall); !done) return broken(done.error());
        request.body = encoded(form);
        return request;
    }

    // Where its proof is refused there may be a newer one.
    TokenStep answered(const TokenResponse& response, ServerTime wall) override {
        TokenStep step = read_token(response, wall);
        if (const auto* const failure = std::get_if<TokenFailure>(&step); failure != nullptr && !failure->passing) {
            for (const auto* const source : {&identity_.secret_file, &identity_.certificate_file,
                                             &identity_.certificate_key_file, &identity_.assertion_file})
                doubt_secret(*source);
        }
        return step;
    }

  private:
    void say_audience(const std::string& audience) {
        switch (identity_.audience_as) {
            case AudienceAs::default_scope:
                shared_.emplace_back(
                    "scope", audience.ends_with(kDefaultScope) ? audience : audience + std::string(kDefaultScope));
                break;
            case AudienceAs::scope:
                shared_.emplace_back("scope", audience);
                break;
            case AudienceAs::resource:
                shared_.emplace_back("resource", audience);
                break;
            case AudienceAs::audience:
                shared_.emplace_back("audience", audience);
                break;
        }
    }

    Result<void> prove(Form& form, TokenRequest& request, ServerTime wall) const {
        if (identity_.kind == IdentityKind::client_secret) return show_secret(form, request);
        auto assertion = identity_.kind == IdentityKind::federated_token
                             ? read_secret(identity_.assertion_file, "assertion_file")
                             : sign(wall);
        if (!assertion) return std::unexpected(std::move(assertion.error()));
        form.emplace_back("client_id", identity_.client_id);
        form.emplace_back("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        form.emplace_back("client_assertion", assertion->reveal());
        return {};
    }

    Result<void> show_secret(Form& form, TokenRequest& request) const {
        auto secret = read_secret(identity_.secret_file, "secret_file");
        if (!secret) return std::unexpected(std::move(secret.error()));
        if (identity_.secret_in == SecretIn::body) {
            form.emplace_back("client_id", identity_.client_id);
            form.emplace_back("client_secret", secret->reveal());
        } else {  // both encoded as in a form first (RFC 6749 2.3.1)
            const std::string both = percent_encoded(identity_.client_id) + ":" + percent_encoded(secret->reveal());
            request.headers.emplace_back("Authorization", "Basic " + base64(both));
        }
        return {};
    }

    [[nodiscard]] Result<Secret> sign(ServerTime wall) const {
        auto certificate = read_secret_bytes(identity_.certificate_file, "certificate_file");
        if (!certificate) return certificate;
        auto key = read_secret_bytes(identity_.certificate_key_file, "certificate_key_file");
        if (!key) return key;
        return signed_assertion({identity_.client_id, identity_.token_url, random_id(), wall}, *certificate, *key);
    }

    IdentitySettings identity_;
    Form shared_;  // of every request
};

// What is left out comes from the variables that AKS sets, in a federated identity alone.
Result<void> fill_in(std::string& field, const char* name, const char* variable, const Environment& environment) {
    if (!field.empty()) return {};
    const auto value = environment(variable);
    if (!value) {
        return fail(ErrorCode::misconfigured, std::string(name) + " is not given, and the environment has no " +
                                                  variable +
                                                  " (give it, or label the pod "
                                                  "azure.workload.identity/use: \"true\")");
    }
    field = *value;
    return {};
}

Result<void> complete(IdentitySettings& identity, const Environment& environment) {
    if (identity.kind == IdentityKind::federated_token) {
        const bool asks_entra = identity.token_url.empty();
        for (auto done : {fill_in(identity.client_id, "client_id", "AZURE_CLIENT_ID", environment),
                          fill_in(identity.assertion_file, "assertion_file", "AZURE_FEDERATED_TOKEN_FILE", environment),
                          asks_entra ? fill_in(identity.entra_tenant, "entra_tenant", "AZURE_TENANT_ID", environment)
                                     : Result<void>()}) {
            if (!done) return done;
        }
    }
    if (!identity.token_url.empty()) return {};
    std::string authority = environment("AZURE_AUTHORITY_HOST").value_or(kEntra);
    while (authority.ends_with('/')) authority.pop_back();
    const bool is_safe = authority.starts_with("https://") || authority.starts_with("http://127.0.0.1:");
    if (!is_safe) {
        return fail(ErrorCode::misconfigured,
                    "AZURE_AUTHORITY_HOST is \"" + authority + "\", which is no https URL (correct it, or unset it)");
    }
    identity.token_url = authority + "/" + identity.entra_tenant + "/oauth2/v2.0/token";
    return {};
}

}  // namespace

Result<std::unique_ptr<Grant>> client_credentials(const IdentitySettings& identity, const std::string& audience,
                                                  const Environment& environment) {
    IdentitySettings whole = identity;
    if (auto done = complete(whole, environment); !done) return std::unexpected(std::move(done.error()));
    auto grant = std::make_unique<ClientCredentials>(std::move(whole), audience);
    // What would go wrong every time is told before anything starts.
    TokenStep first = grant->begin(ServerTime{});
    if (auto* const failure = std::get_if<TokenFailure>(&first))
        return fail(ErrorCode::misconfigured, std::move(failure->why));
    return grant;
}

}  // namespace millrace::auth
