// Which protocols exist. Explicit: this list is what the program is made of.
#pragma once

#include <memory>

#include "bridge/base/result.h"
#include "bridge/protocols/kind.h"
#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

std::span<const std::string_view> names();
// The kind of that name; null when there is none.
const Kind* find(std::string_view name);
// Whether `endpoint.protocol` is known and can be made from the pipeline's settings; the text begins with the field's
// name inside `endpoint`. For the configuration loader.
Result<void> check(const settings::Pipeline& pipeline);
// Requires: check(pipeline) holds.
std::unique_ptr<Protocol> make(const settings::Pipeline& pipeline);

}  // namespace millrace::protocols
