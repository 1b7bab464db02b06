// Where the requests of a pipeline go, with everything left out filled in.
//
// A *route* is a way to the model that stands for itself: it has addresses to choose from, and its own requests in
// flight, back-off and holds. The first is the pipeline's own; each entry of `endpoint.tenants` is another, for the
// events of its tenants alone. Addresses are counted through all routes, as everybody who speaks of one does.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/settings/settings.h"

namespace millrace::settings {

struct Route {
    std::vector<std::string> tenants;  // empty: everybody who is in no other
    std::vector<std::size_t> addresses;
};

struct Routes {
    std::vector<Address> addresses;
    std::vector<std::string> fields;  // where each one's url stands: `endpoint.addresses[0].url`
    std::vector<std::string> names;   // what each is called: `endpoint`, `addresses[0]`, `tenants[2]`
    std::vector<Route> routes;        // at least one
};

Routes routes(const Endpoint& endpoint);

// The identity of that name; null when there is none.
const IdentitySettings* find_identity(const std::vector<IdentitySettings>& identities, std::string_view name);
// It gets tokens, instead of being known by its certificate.
bool has_tokens(const IdentitySettings& identity);

}  // namespace millrace::settings
