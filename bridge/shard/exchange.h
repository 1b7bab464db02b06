// Exchange: one request to the endpoint and what its response means; the wrapping around a protocol that every protocol
// shares. Used by the shard and by `millrace try`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "auth/token.h"
#include "bridge/base/outcome.h"
#include "bridge/base/secret.h"
#include "bridge/engine/input.h"
#include "bridge/ports/endpoint.h"
#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"

namespace millrace {

// `name` identifies the request to the endpoint (x-ms-client-request-id, x-request-id). `address` is one of
// settings::routes.
ports::HttpRequest make_request(const settings::Endpoint& endpoint, const settings::Address& address,
                                const protocols::Protocol& protocol, std::span<const std::string_view> rows,
                                RequestId id, const std::string& name);

// Puts the key or token on a request; nothing, where it is empty.
void authorize(ports::HttpRequest& request, const Secret& bearer);

// Makes a key or token that the response repeats unreadable, as it is and as a JSON string may write it: bodies become
// evidence in dead letters, and words in logs.
void conceal(const Secret& secret, ports::HttpResponse& response);

// A request to a token endpoint, and what is to be read of its response.
ports::HttpRequest make_token_request(auth::TokenRequest request, RequestId id);
auth::TokenResponse token_response(const ports::HttpResponse& response);

// Asks at `url` whether the server of the address is well.
ports::HttpRequest make_health_check(const settings::Endpoint& endpoint, const settings::Address& address,
                                     const std::string& url, RequestId id);

// Asks for what the endpoint takes, at `url` (protocols::contract_url), as its requests are made.
ports::HttpRequest make_signature_request(const settings::Endpoint& endpoint, const settings::Address& address,
                                          RequestId id, std::string url);

// What came of it. Total.
engine::SignatureRead read_signature(const settings::Pipeline& pipeline, const ports::HttpResponse& response);

// Total, as the protocol's own reading is.
Answer read_response(protocols::Protocol& protocol, const ports::HttpResponse& response, std::size_t rows);

}  // namespace millrace
