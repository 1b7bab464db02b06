#include "bridge/settings/addresses.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace millrace::settings {
namespace {

bool is_same(std::string_view name, std::string_view other) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(name, other, {}, lower, lower);
}

// What `own` leaves out is as in `shared`.
Address completed(Address own, const Address& shared) {
    if (own.url.empty()) own.url = shared.url;
    // A key and an identity stand for each other.
    if (own.key_file.empty() && own.identity.empty()) {
        own.key_file = shared.key_file;
        own.second_key_file = shared.second_key_file;
        own.identity = shared.identity;
    }
    if (own.audience.empty()) own.audience = shared.audience;
    if (own.deployment.empty()) own.deployment = shared.deployment;
    for (const auto& header : shared.headers) {
        const auto same = [&](const auto& one) { return is_same(one.first, header.first); };
        if (std::ranges::none_of(own.headers, same)) own.headers.insert(header);
    }
    return own;
}

void add(Routes& all, Route& route, Address address, std::string field, std::string name) {
    route.addresses.push_back(all.addresses.size());
    all.addresses.push_back(std::move(address));
    all.fields.push_back(std::move(field));
    all.names.push_back(std::move(name));
}

// What tokens are for where the protocol's endpoints all go by one name.
void name_audiences(const Endpoint& endpoint, std::vector<Address>& addresses) {
    for (Address& address : addresses) {
        if (!address.identity.empty() && address.audience.empty() && endpoint.protocol == "azureml")
            address.audience = "https://ml.azure.com";
    }
}

}  // namespace

Routes routes(const Endpoint& endpoint) {
    const Address shared{endpoint.url,
                         1,
                         endpoint.headers,
                         endpoint.key_file,
                         endpoint.second_key_file,
                         endpoint.identity,
                         endpoint.audience,
                         endpoint.deployment};
    Routes all;
    Route own;
    for (std::size_t i = 0; i < endpoint.addresses.size(); ++i) {
        const std::string name = "addresses[" + std::to_string(i) + "]";
        add(all, own, completed(endpoint.addresses[i], shared), "endpoint." + name + ".url", name);
    }
    if (endpoint.addresses.empty()) add(all, own, shared, "endpoint.url", "endpoint");
    const std::size_t count = own.addresses.size();
    all.routes.push_back(std::move(own));
    for (std::size_t i = 0; i < endpoint.tenants.size(); ++i) {
        const TenantAddress& entry = endpoint.tenants[i];
        const std::string name = "tenants[" + std::to_string(i) + "]";
        Route route{entry.names, {}};
        // Another host is trusted with nothing of ours.
        if (!entry.address.url.empty()) {
            add(all, route, entry.address, "endpoint." + name + ".url", name);
        }
        for (std::size_t a = 0; entry.address.url.empty() && a < count; ++a) {
            Address same = completed(entry.address, all.addresses[a]);
            same.weight = all.addresses[a].weight;
            add(all, route, std::move(same), all.fields[a], count > 1 ? name + " " + all.names[a] : name);
        }
        all.routes.push_back(std::move(route));
    }
    name_audiences(endpoint, all.addresses);
    return all;
}

const IdentitySettings* find_identity(const std::vector<IdentitySettings>& identities, std::string_view name) {
    const auto found = std::ranges::find(identities, name, &IdentitySettings::name);
    return found == identities.end() ? nullptr : &*found;
}

bool has_tokens(const IdentitySettings& identity) { return identity.kind != IdentityKind::tls_certificate; }

}  // namespace millrace::settings
