// Managed identities of Azure: a token from a service beside the process, which knows what machine it speaks to.
//
// Sources: learn.microsoft.com, "Use managed identities for App Service", "Use managed identities on a virtual
// machine", "Authenticate against Azure resources with Azure Arc-enabled servers"; the order is that of Azure's own
// libraries.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "auth/form.h"
#include "auth/grant.h"
#include "auth/secret_file.h"
#include "bridge/base/header.h"

namespace millrace::auth {

namespace {

using settings::IdentitySettings;
using settings::ManagedSource;

constexpr std::size_t kLongestArcKey = 4096;

// One row for each source. A variable that is empty is not needed; a parameter that is empty does not exist there.
struct Row {
    ManagedSource source;
    std::string_view name;
    const char* endpoint;      // variable
    const char* second;        // variable: the secret, or what tells the source from another
    std::string_view version;  // api-version
    std::string_view header;   // that carries the secret; otherwise `Metadata: true`
    std::string_view client_id;
    std::string_view object_id;
    std::string_view resource_id;
};
constexpr std::array kTable = {
    Row{ManagedSource::app_service, "app_service", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "2019-08-01",
        "X-IDENTITY-HEADER", "client_id", "principal_id", "mi_res_id"},
    Row{ManagedSource::azure_ml, "azure_ml", "MSI_ENDPOINT", "MSI_SECRET", "2017-09-01", "secret", "clientid", "", ""},
    Row{ManagedSource::cloud_shell, "cloud_shell", "MSI_ENDPOINT", "", "", "", "", "", ""},
    Row{ManagedSource::arc, "arc", "IDENTITY_ENDPOINT", "IMDS_ENDPOINT", "2020-06-01", "", "", "", ""},
    Row{ManagedSource::imds, "imds", "", "", "2018-02-01", "", "client_id", "object_id", "msi_res_id"},
};

constexpr const char* kImds = "http://169.254.169.254";

bool has(const Environment& environment, const char* variable) {
    return *variable == '\0' || environment(variable).has_value();
}

const Row& row_for(ManagedSource source, const Environment& environment) {
    const auto* const found = std::ranges::find_if(kTable, [&](const Row& row) {
        return source == ManagedSource::detected ? has(environment, row.endpoint) && has(environment, row.second)
                                                 : row.source == source;
    });
    return *found;  // imds needs nothing
}

// What Azure calls a resource: a scope without its end.
std::string resource_of(std::string audience) {
    constexpr std::string_view kEnd = "/.default";
    if (audience.ends_with(kEnd)) audience.resize(audience.size() - kEnd.size());
    return audience;
}

TokenFailure useless(std::string why) { return {std::move(why), false, {}}; }

class ManagedIdentity final : public Grant {
  public:
    ManagedIdentity(const Row& row, TokenRequest request, std::string arc_folder)
        : row_(row), request_(std::move(request)), arc_folder_(std::move(arc_folder)) {}

    TokenStep begin(ServerTime) override {
        challenged_ = false;
        return request_;
    }

    TokenStep answered(const TokenResponse& response, ServerTime wall) override {
        if (row_.source == ManagedSource::arc && response.answered && response.status == 401 && !challenged_)
            return meet_challenge(response);
        TokenStep step = read_token(response, wall);
        auto* const failure = std::get_if<TokenFailure>(&step);
        // It is being updated (404), or about to go away and come again (410).
        if (failure != nullptr && row_.source == ManagedSource::imds)
            failure->passing = failure->passing || response.status == 404 || response.status == 410;
        return step;
    }

  private:
    // Who can read a file of the agent's may have the token. Only such a file: whoever answers in the agent's place
    // must not make us send him another.
    TokenStep meet_challenge(const TokenResponse& response) {
        challenged_ = true;
        constexpr std::string_view kRealm = "Basic realm=";
        std::string_view challenge = header_or_empty(response.headers, "www-authenticate");
        if (!challenge.starts_with(kRealm)) return useless("the Arc agent's challenge names no file");
        challenge.remove_prefix(kRealm.size());
        if (challenge.starts_with('"') && challenge.ends_with('"') && challenge.size() > 1)
            challenge = challenge.substr(1, challenge.size() - 2);
        const std::filesystem::path path(challenge);
        if (path.parent_path() != arc_folder_ || path.extension() != ".key")
            return useless("the Arc agent's challenge names a file that is not one of " + arc_folder_ + "/*.key");
        std::error_code error;
        if (std::filesystem::is_symlink(path, error)) return useless("the Arc agent's key file is a link");
        auto key = read_secret_bytes(path.string(), "the Arc agent's key file", kLongestArcKey);
        if (!key) return useless("the Arc agent's key file cannot be read");  // its name is what the agent sent
        const bool visible = std::ranges::all_of(key->reveal(), [](char c) { return c > ' ' && c <= '~'; });
        if (!visible) return useless("the Arc agent's key file holds what no header can carry");
        TokenRequest again = request_;
        again.headers.emplace_back("Authorization", "Basic " + key->reveal());
        return again;
    }

    const Row& row_;
    TokenRequest request_;
    std::string arc_folder_;
    bool challenged_ = false;
};

// The parameter that names one assigned by a user; nothing where the machine has but one.
Result<Form> assigned(const Row& row, const IdentitySettings& identity, const Environment& environment) {
    struct Way {
        const char* field;
        std::string value;
        std::string_view parameter;
    };
    Form form;
    for (const Way& way :
         {Way{"client_id", identity.client_id, row.client_id}, Way{"object_id", identity.object_id, row.object_id},
          Way{"resource_id", identity.resource_id, row.resource_id}}) {
        if (way.value.empty()) continue;
        if (way.parameter.empty()) {
            return fail(ErrorCode::misconfigured, std::string(way.field) + " has no effect with source " +
                                                      std::string(row.name) + " (remove it)");
        }
        form.emplace_back(way.parameter, way.value);
    }
    const auto usual = environment("DEFAULT_IDENTITY_CLIENT_ID");
    if (row.source == ManagedSource::azure_ml && form.empty() && usual) form.emplace_back(row.client_id, *usual);
    return form;
}

Result<std::string> endpoint_of(const Row& row, const Environment& environment) {
    if (row.source == ManagedSource::imds) {
        std::string host = environment("AZURE_POD_IDENTITY_AUTHORITY_HOST").value_or(kImds);
        while (host.ends_with('/')) host.pop_back();
        return host + "/metadata/identity/oauth2/token";
    }
    for (const char* const variable : {row.endpoint, row.second}) {
        if (has(environment, variable)) continue;
        return fail(ErrorCode::misconfigured, "source is " + std::string(row.name) + ", but the environment has no " +
                                                  variable + " (is this such a machine? source: detected finds out)");
    }
    std::string url = *environment(row.endpoint);
    if (url.starts_with("http://") || url.starts_with("https://")) return url;
    return fail(ErrorCode::misconfigured, std::string(row.endpoint) + " in the environment is no http URL");
}

}  // namespace

Result<std::unique_ptr<Grant>> managed_identity(const IdentitySettings& identity, const std::string& audience,
                                                const Environment& environment, const std::string& arc_folder) {
    const bool detects = identity.source == ManagedSource::detected;
    if (detects && environment("IDENTITY_SERVER_THUMBPRINT") && environment("IDENTITY_ENDPOINT")) {
        return fail(ErrorCode::misconfigured,
                    "this is a Service Fabric cluster, whose managed identity Millrace does not speak to (use "
                    "kind: client_certificate, or client_secret)");
    }
    const Row& row = row_for(identity.source, environment);
    auto url = endpoint_of(row, environment);
    if (!url) return std::unexpected(std::move(url.error()));
    auto who = assigned(row, identity, environment);
    if (!who) return std::unexpected(std::move(who.error()));

    Form form;
    if (!row.version.empty()) form.emplace_back("api-version", row.version);
    form.emplace_back("resource", resource_of(audience));
    form.insert(form.end(), who->begin(), who->end());
    TokenRequest request;
    request.get = row.source != ManagedSource::cloud_shell;
    request.url = request.get ? *url + (url->contains('?') ? "&" : "?") + encoded(form) : *url;
    if (!request.get) {
        request.body = encoded(form);
        request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    }
    if (row.header.empty()) {
        request.headers.emplace_back("Metadata", "true");
    } else {
        request.headers.emplace_back(row.header, *environment(row.second));
    }
    return std::make_unique<ManagedIdentity>(row, std::move(request), arc_folder);
}

}  // namespace millrace::auth
