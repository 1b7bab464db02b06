// Which protocols exist. Explicit: this list is what the program is made of.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

std::span<const std::string_view> names();
// `endpoint` outlives the protocol. Requires: endpoint.protocol is one of names().
std::unique_ptr<Protocol> make(const settings::Endpoint& endpoint);

}  // namespace millrace::protocols
