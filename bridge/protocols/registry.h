// Which protocols exist. Explicit: this list is what the program is made of.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

std::span<const std::string_view> names();
// Whether `endpoint.protocol` is known and can be made from the endpoint's settings; the text begins with the field's
// name inside `endpoint`. For the configuration loader.
Result<void> check(const settings::Endpoint& endpoint);
// `endpoint` outlives the protocol. Requires: check(endpoint) holds.
std::unique_ptr<Protocol> make(const settings::Endpoint& endpoint);

}  // namespace millrace::protocols
