#include "bridge/shard/exchange.h"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

constexpr Duration kHealthWithin = std::chrono::seconds(5);
constexpr std::uint64_t kHealthBytes = 1 << 20;

// What is the same for everything that is asked at the address.
ports::HttpRequest addressed(const settings::Endpoint& endpoint, const settings::Address& address, const Secret& key,
                             RequestId id) {
    ports::HttpRequest request;
    request.id = id;
    request.url = address.url;
    request.headers.insert(request.headers.end(), address.headers.begin(), address.headers.end());
    if (!key.empty()) request.headers.emplace_back("Authorization", "Bearer " + key.reveal());
    if (!address.deployment.empty()) request.headers.emplace_back("azureml-model-deployment", address.deployment);
    request.timeout = endpoint.timeout;
    request.connect_timeout = endpoint.connect_timeout;
    request.max_response_bytes = endpoint.max_response_bytes;
    return request;
}

}  // namespace

ports::HttpRequest make_request(const settings::Endpoint& endpoint, const settings::Address& address,
                                const protocols::Protocol& protocol, const Secret& key,
                                std::span<const std::string_view> rows, RequestId id, const std::string& name) {
    protocols::Encoded encoded = protocol.encode(rows);
    ports::HttpRequest request = addressed(endpoint, address, key, id);
    request.headers.insert(request.headers.begin(), encoded.headers.begin(), encoded.headers.end());
    request.headers.emplace_back("x-ms-client-request-id", name);
    request.headers.emplace_back("x-request-id", name);
    request.body = std::move(encoded.body);
    request.gzip = endpoint.compression == settings::Compression::gzip;
    return request;
}

ports::HttpRequest make_health_check(const settings::Endpoint& endpoint, const settings::Address& address,
                                     const std::string& url, const Secret& key, RequestId id) {
    ports::HttpRequest request = addressed(endpoint, address, key, id);
    request.url = url;
    request.get = true;
    request.timeout = std::min(request.timeout, kHealthWithin);
    request.max_response_bytes = std::min(request.max_response_bytes, kHealthBytes);
    return request;
}

Answer read_response(protocols::Protocol& protocol, const ports::HttpResponse& response, std::size_t rows) {
    if (response.transport == ports::Transport::answered) {
        return protocol.decode({response.status, response.headers, response.body, response.received_at}, rows);
    }
    Answer answer;
    answer.reason = response.error;
    switch (response.transport) {
        case ports::Transport::answered:
        case ports::Transport::unreachable:
            answer.outcome = Outcome::unreachable;
            break;
        case ports::Transport::timed_out:
            answer.outcome = Outcome::timed_out;
            break;
        case ports::Transport::oversized:
            answer.outcome = Outcome::contract_broken;
            answer.status = response.status;
            answer.reason = response.error;
            break;
    }
    return answer;
}

}  // namespace millrace
