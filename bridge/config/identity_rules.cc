#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "bridge/config/complaint.h"
#include "bridge/config/rules.h"
#include "bridge/config/scalars.h"
#include "bridge/settings/addresses.h"

namespace millrace::config {
namespace {

using settings::IdentityKind;
using settings::IdentitySettings;

enum class Need { no, may, must };

constexpr std::array<std::string_view, 5> kKinds = {"client_secret", "client_certificate", "federated_token",
                                                    "managed_identity", "tls_certificate"};

// What each kind takes, in the order of kKinds.
struct Row {
    std::string_view field;
    std::array<Need, 5> of;
};
constexpr std::array kTable = {
    Row{"token_url", {Need::may, Need::may, Need::may, Need::no, Need::no}},
    Row{"entra_tenant", {Need::may, Need::may, Need::may, Need::no, Need::no}},
    Row{"client_id", {Need::must, Need::must, Need::may, Need::may, Need::no}},
    Row{"secret_file", {Need::must, Need::no, Need::no, Need::no, Need::no}},
    Row{"secret_in", {Need::may, Need::no, Need::no, Need::no, Need::no}},
    Row{"certificate_file", {Need::no, Need::must, Need::no, Need::no, Need::must}},
    Row{"certificate_key_file", {Need::no, Need::must, Need::no, Need::no, Need::must}},
    Row{"assertion_file", {Need::no, Need::no, Need::may, Need::no, Need::no}},
    Row{"source", {Need::no, Need::no, Need::no, Need::may, Need::no}},
    Row{"object_id", {Need::no, Need::no, Need::no, Need::may, Need::no}},
    Row{"resource_id", {Need::no, Need::no, Need::no, Need::may, Need::no}},
    Row{"audience_as", {Need::may, Need::may, Need::may, Need::no, Need::no}},
    Row{"parameters", {Need::may, Need::may, Need::may, Need::no, Need::no}},
    Row{"ca_file", {Need::may, Need::may, Need::may, Need::no, Need::no}},
};

void check_fields(const IdentitySettings& identity, const std::string& path, const Complaints& complain) {
    const auto kind = static_cast<std::size_t>(identity.kind);
    const std::string named = "kind: " + std::string(kKinds[kind]);
    for (const Row& row : kTable) {
        const std::string field = path + "." + std::string(row.field);
        if (row.of[kind] == Need::no && complain.mentions(field)) {
            complain(field, "has no effect with " + named + " (remove it)");
        } else if (row.of[kind] == Need::must && !complain.mentions(field)) {
            complain(field, "is required with " + named + " (add it)");
        }
    }
}

void check_token_url(const IdentitySettings& identity, const std::string& path, const Complaints& complain) {
    const bool url = complain.mentions(path + ".token_url");
    const bool tenant = complain.mentions(path + ".entra_tenant");
    if (url && tenant) {
        complain(path + ".token_url", "stands beside entra_tenant, which says where tokens come from too (remove one)");
    } else if (!url && !tenant &&
               (identity.kind == IdentityKind::client_secret || identity.kind == IdentityKind::client_certificate)) {
        complain(path + ".token_url", "is missing: nobody is named to ask for tokens (add token_url, or entra_tenant)");
    }
    if (!identity.ca_file.empty() && identity.token_url.starts_with("http://")) {
        complain(path + ".ca_file",
                 quote(identity.ca_file) + " has no effect on an http URL (use https, or remove it)");
    }
}

void check_assigned(const IdentitySettings& identity, const std::string& path, const Complaints& complain) {
    if (identity.kind != IdentityKind::managed_identity) return;
    std::string first;
    for (const char* const field : {".client_id", ".object_id", ".resource_id"}) {
        if (!complain.mentions(path + field)) continue;
        if (first.empty()) {
            first = field + 1;
        } else {
            complain(path + field, "stands beside " + first + " (name the identity in one way: remove one)");
        }
    }
}

// Of one place that requests go to, `path` being where it is configured.
void check_use(const settings::Address& own, const settings::Address& merged, const std::string& path,
               const Reading& reading, const Complaints& complain) {
    if (own.key_file.empty() && !own.second_key_file.empty() && merged.key_file.empty()) {
        complain(path + ".second_key_file", "stands without key_file (name the first key there)");
    }
    if (!own.identity.empty() && !own.key_file.empty()) {
        complain(path + ".identity",
                 quote(own.identity) + " stands beside key_file (a key or an identity: remove one)");
    }
    if (!own.audience.empty() && merged.identity.empty()) {
        complain(path + ".audience", quote(own.audience) + " has no effect without an identity (add identity)");
    }
    if (own.identity.empty()) return;
    const IdentitySettings* const identity = settings::find_identity(reading.settings.identities, own.identity);
    if (identity == nullptr) {
        std::string names;
        for (const IdentitySettings& one : reading.settings.identities) names += (names.empty() ? "" : ", ") + one.name;
        return complain(path + ".identity",
                        quote(own.identity) + " is not one of the identities (" +
                            (names.empty() ? "there are none: add identities" : "there are: " + names) + ")");
    }
    const bool is_azure = !identity->entra_tenant.empty() || identity->kind == IdentityKind::managed_identity;
    if (is_azure && merged.audience.empty()) {
        complain(path + ".audience", "is missing: identity " + own.identity +
                                         " gets no token for nobody (add what the endpoint is called)");
    }
    if (!settings::has_tokens(*identity) && !merged.url.empty() && !merged.url.starts_with("https://")) {
        complain(path + ".identity",
                 quote(own.identity) + " is a certificate, which an http URL never sees (use https)");
    }
}

// A tenant entry without a url has its rows in routes() too; what is merged there does not matter to what is said.
void check_uses(const Reading& reading, const Complaints& complain) {
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        const settings::Endpoint& endpoint = reading.settings.pipelines[i].endpoint;
        const std::string path = join("pipelines", i) + ".endpoint";
        const settings::Routes all = settings::routes(endpoint);
        settings::Address shared;
        shared.key_file = endpoint.key_file;
        shared.second_key_file = endpoint.second_key_file;
        shared.identity = endpoint.identity;
        shared.audience = endpoint.audience;
        check_use(shared, all.addresses.front(), path, reading, complain);
        for (std::size_t a = 0; a < endpoint.addresses.size(); ++a)
            check_use(endpoint.addresses[a], all.addresses[a], join(path + ".addresses", a), reading, complain);
        for (std::size_t t = 0; t < endpoint.tenants.size(); ++t) {
            check_use(endpoint.tenants[t].address, all.addresses[all.routes[t + 1].addresses.front()],
                      join(path + ".tenants", t), reading, complain);
        }
    }
}

}  // namespace

void check_identities(const Reading& reading, Problems& problems) {
    const Complaints complain{reading.places, problems};
    std::map<std::string, std::string> seen;
    for (std::size_t i = 0; i < reading.settings.identities.size(); ++i) {
        const IdentitySettings& identity = reading.settings.identities[i];
        const std::string path = join("identities", i);
        const auto [first, fresh] = seen.emplace(identity.name, path);
        if (!fresh) complain(path + ".name", quote(identity.name) + " is the name of " + first->second + " already");
        if (problems.spoils(path + ".kind") || !complain.mentions(path + ".kind")) continue;
        check_fields(identity, path, complain);
        check_token_url(identity, path, complain);
        check_assigned(identity, path, complain);
    }
    check_uses(reading, complain);
}

}  // namespace millrace::config
