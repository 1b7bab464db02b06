// The fields of identities: as whom endpoints are asked, where a key is not enough.
#include <array>

#include "bridge/config/field.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

using settings::IdentitySettings;
using settings::Settings;

constexpr std::array<std::string_view, 5> kKinds = {"client_secret", "client_certificate", "federated_token",
                                                    "managed_identity", "tls_certificate"};
constexpr std::array<std::string_view, 2> kSecretIn = {"body", "header"};
constexpr std::array<std::string_view, 4> kAudienceAs = {"default_scope", "scope", "resource", "audience"};
constexpr std::array<std::string_view, 6> kSources = {"detected",    "app_service", "azure_ml",
                                                      "cloud_shell", "arc",         "imds"};

void resize_identities(Target& target, std::size_t count) { target.all->identities.resize(count); }
Target identity_at(const Target& target, std::size_t index) {
    return {.all = target.all, .identity = &target.all->identities[index]};
}

constexpr Field kFields[] = {
    {.path = "identities",
     .shape = Sections{"identity", resize_identities, identity_at},
     .doc =
         "As whom endpoints are asked, where a key is not enough; `endpoint.identity` names one. What each kind needs, "
         "with a configuration that works: [identities.md](identities.md).",
     .apart = true},
    {.path = "identities[].name",
     .shape = Text{at<&IdentitySettings::name>, rules::pipeline_name},
     .doc = "What `endpoint.identity` calls it.",
     .example = "scorer",
     .required = true,
     .apart = true},
    {.path = "identities[].kind",
     .shape = Choice{choose<&IdentitySettings::kind>, kKinds},
     .doc =
         "How it proves itself. For a token: by `client_secret`, by the signature of a `client_certificate`, by a "
         "`federated_token` that somebody else keeps in a file (AKS workload identity), or as the machine it runs on "
         "(`managed_identity` of Azure). Without one: by a `tls_certificate` shown to the endpoint itself.",
     .example = "client_secret",
     .required = true,
     .apart = true},
    {.path = "identities[].token_url",
     .shape = Text{at<&IdentitySettings::token_url>, rules::token_url},
     .doc = "The token endpoint of an OAuth 2.0 authorization server. `https`, or `http` to loopback.",
     .example = "https://idp.example/oauth2/token",
     .apart = true},
    {.path = "identities[].entra_tenant",
     .shape = Text{at<&IdentitySettings::entra_tenant>, rules::directory_name},
     .doc = "The directory (tenant id or domain) of Microsoft Entra ID, in place of `token_url`. Asked at "
            "`AZURE_AUTHORITY_HOST`, or else at `https://login.microsoftonline.com`. Of a `federated_token` by default "
            "`AZURE_TENANT_ID`.",
     .example = "contoso.onmicrosoft.com",
     .apart = true},
    {.path = "identities[].client_id",
     .shape = Text{at<&IdentitySettings::client_id>, rules::header_value},
     .doc = "The client, or application, that asks; of a `federated_token` by default `AZURE_CLIENT_ID`. Of a "
            "`managed_identity` one assigned by a user; without it, the machine's own.",
     .example = "2f7c1e9a-7d3b-4c55-8f16-1d9c0d6e3b11",
     .apart = true},
    {.path = "identities[].secret_file",
     .shape = File{at<&IdentitySettings::secret_file>, Holds::secret},
     .doc = "The file with the client secret, on one line. Read again for each token.",
     .example = "/etc/millrace/client-secret",
     .apart = true},
    {.path = "identities[].secret_in",
     .shape = Choice{choose<&IdentitySettings::secret_in>, kSecretIn},
     .initial = "body",
     .doc = "Where a token request carries client id and secret: in its `body` (`client_secret_post`), or in its "
            "`header` as basic authentication (`client_secret_basic`).",
     .example = "body",
     .apart = true},
    {.path = "identities[].certificate_file",
     .shape = File{at<&IdentitySettings::certificate_file>, Holds::certificate},
     .doc =
         "The certificate (PEM) of `client_certificate` or `tls_certificate`. Read again for each token, or for each "
         "new connection.",
     .example = "/etc/millrace/scorer.pem",
     .apart = true},
    {.path = "identities[].certificate_key_file",
     .shape = File{at<&IdentitySettings::certificate_key_file>, Holds::secret},
     .doc = "Its private key (PEM, not encrypted).",
     .example = "/etc/millrace/scorer.key",
     .apart = true},
    {.path = "identities[].assertion_file",
     .shape = File{at<&IdentitySettings::assertion_file>, Holds::secret},
     .doc = "The file with the token of a `federated_token`, read again for each token request. By default what "
            "`AZURE_FEDERATED_TOKEN_FILE` names.",
     .example = "/var/run/secrets/tokens/scorer",
     .apart = true},
    {.path = "identities[].source",
     .shape = Choice{choose<&IdentitySettings::source>, kSources},
     .initial = "detected",
     .doc = "Who gives a `managed_identity` its tokens. `detected`: as the environment says, in Azure's order: App "
            "Service, Azure ML, Cloud Shell, Arc, and otherwise the instance metadata service (`imds`).",
     .example = "imds",
     .apart = true},
    {.path = "identities[].object_id",
     .shape = Text{at<&IdentitySettings::object_id>, rules::header_value},
     .doc = "A `managed_identity` assigned by a user, by its object id.",
     .example = "5b0e4c1d-0d2a-4f4e-9a55-6a2f3c8d7e10",
     .apart = true},
    {.path = "identities[].resource_id",
     .shape = Text{at<&IdentitySettings::resource_id>, rules::header_value},
     .doc = "A `managed_identity` assigned by a user, by its resource id.",
     .example = "/subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/scorer",
     .apart = true},
    {.path = "identities[].audience_as",
     .shape = Choice{choose<&IdentitySettings::audience_as>, kAudienceAs},
     .initial = "default_scope",
     .doc =
         "How a token request says what the token is for (`endpoint.audience`): as the `scope` itself, as a scope with "
         "`/.default` behind it (Entra), as a `resource` (RFC 8707), or as an `audience`.",
     .example = "resource",
     .apart = true},
    {.path = "identities[].parameters",
     .shape = TextMap{at<&IdentitySettings::parameters>, rules::token_parameter, rules::not_empty},
     .doc = "What else stands in the body of a token request.",
     .example = "{scope: score}",
     .apart = true},
    {.path = "identities[].ca_file",
     .shape = File{at<&IdentitySettings::ca_file>},
     .doc = "Certificates (PEM) that may have signed that of `token_url`, in place of the system's.",
     .example = "/etc/millrace/idp-ca.pem",
     .apart = true},
};

}  // namespace

std::span<const Field> identity_fields() { return kFields; }

}  // namespace millrace::config
