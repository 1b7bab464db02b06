// `millrace permissions`: the rights of one tenant, as configuration that nats-server reads.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bridge/settings/settings.h"

namespace millrace::app {

struct PermissionsOptions {
    std::string tenant;
    std::vector<std::string> pipelines;  // empty: all
    bool stored = false;                 // reads its results back
    std::string account;                 // the bridge's; not empty: the tenant in an account of its own
    bool json = false;
};

// Exit code: 0 printed, 2 there are no such rights, which `err` explains.
int print_permissions(const settings::Settings& settings, const PermissionsOptions& options, std::ostream& out,
                      std::ostream& err);

}  // namespace millrace::app
