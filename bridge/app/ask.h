// One request to an endpoint from a command, outside of any shard.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "bridge/base/result.h"
#include "bridge/engine/input.h"
#include "bridge/ports/endpoint.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

// The environment of the process, where identities look for what the configuration leaves out.
std::optional<std::string> environment(const std::string& name);

// Sends the request as it is, and waits for the response.
ports::HttpResponse ask(ports::HttpRequest request);

// Asks at an address of settings::routes as a shard would, with its key or token, and waits for the response. An error
// where there is no key or token; the text says why.
Result<ports::HttpResponse> ask(const settings::Settings& settings, const settings::Pipeline& pipeline,
                                std::size_t address, ports::HttpRequest request);

// What an address of settings::routes publishes of what it takes. ErrorCode::not_found where no endpoint of its
// protocol publishes any, and an error where there is no key or token; the text says which.
Result<engine::SignatureRead> ask_signature(const settings::Settings& settings, const settings::Pipeline& pipeline,
                                            std::size_t address = 0);

// Fetches a token and forgets it; the error says why there is none.
Result<void> try_identity(const settings::IdentitySettings& identity, const std::string& audience);

// The pipeline called that, or the only one where the name is empty; null after a complaint to `out`.
const settings::Pipeline* choose_pipeline(const settings::Settings& settings, const std::string& name,
                                          std::ostream& out);

}  // namespace millrace::app
