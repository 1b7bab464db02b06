#include "bridge/protocols/registry.h"

#include <array>
#include <string>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/protocols/azureml.h"
#include "bridge/protocols/json.h"

namespace millrace::protocols {
namespace {

struct Entry {
    std::string_view name;
    Result<std::unique_ptr<Protocol>> (*make)(const settings::Endpoint&);
};

constexpr std::array kProtocols = {
    Entry{"azureml", make_azureml},
    Entry{"json", make_json},
};

constexpr auto kNames = [] {
    std::array<std::string_view, kProtocols.size()> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = kProtocols[i].name;
    return names;
}();

Result<std::unique_ptr<Protocol>> try_make(const settings::Endpoint& endpoint) {
    std::string known;
    for (const Entry& entry : kProtocols) {
        if (entry.name == endpoint.protocol) return entry.make(endpoint);
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    return fail(ErrorCode::invalid, "protocol: \"" + endpoint.protocol + "\" is not known (known: " + known + ')');
}

}  // namespace

std::span<const std::string_view> names() { return kNames; }

Result<void> check(const settings::Endpoint& endpoint) {
    auto made = try_make(endpoint);
    if (!made) return std::unexpected(std::move(made.error()));
    return {};
}

std::unique_ptr<Protocol> make(const settings::Endpoint& endpoint) {
    auto made = try_make(endpoint);
    MILLRACE_CHECK(made.has_value(), "the configuration was checked");
    return std::move(*made);
}

}  // namespace millrace::protocols
