// The plain protocol: rows at one JSON Pointer of the request, results at another of the answer, constant extras beside
// the rows. An empty pointer is the whole body.
#pragma once

#include <memory>

#include "bridge/base/result.h"
#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

Result<std::unique_ptr<Protocol>> make_json(const settings::Endpoint& endpoint);

}  // namespace millrace::protocols
