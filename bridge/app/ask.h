// One request to an endpoint from a command, outside of any shard.
#pragma once

#include "bridge/base/result.h"
#include "bridge/engine/input.h"
#include "bridge/ports/endpoint.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

// Waits for the response.
ports::HttpResponse ask(const settings::Endpoint& endpoint, ports::HttpRequest request);

// What the pipeline's endpoint publishes of what it takes. ErrorCode::not_found where no endpoint of its protocol
// publishes any, and an error where the key cannot be read; the text says which.
Result<engine::SignatureRead> ask_signature(const settings::Pipeline& pipeline);

// The pipeline called that, or the only one where the name is empty; null after a complaint to `out`.
const settings::Pipeline* choose_pipeline(const settings::Settings& settings, const std::string& name,
                                          std::ostream& out);

}  // namespace millrace::app
