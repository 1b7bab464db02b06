#include "bridge/shard/exchange.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>
#include <utility>

#include "bridge/protocols/contract.h"
#include "bridge/protocols/status.h"
#include "bridge/signature/match.h"

namespace millrace {
namespace {

constexpr Duration kPatience = std::chrono::seconds(5);  // with what is no request for scores
constexpr Duration kTokenPatience = std::chrono::seconds(10);
constexpr std::uint64_t kLongestDocument = 4u << 20;

bool may_be_there_later(Outcome outcome) {
    return outcome == Outcome::timed_out || outcome == Outcome::throttled || outcome == Outcome::failed;
}

// What is the same for everything that is asked at the address.
ports::HttpRequest addressed(const settings::Endpoint& endpoint, const settings::Address& address, RequestId id) {
    ports::HttpRequest request;
    request.id = id;
    request.url = address.url;
    request.headers.insert(request.headers.end(), address.headers.begin(), address.headers.end());
    if (!address.deployment.empty()) request.headers.emplace_back("azureml-model-deployment", address.deployment);
    request.timeout = endpoint.timeout;
    request.connect_timeout = endpoint.connect_timeout;
    request.max_response_bytes = endpoint.max_response_bytes;
    request.tls.ca_file = endpoint.ca_file;
    return request;
}

// A shorter one may be part of anything.
constexpr std::size_t kShortestConcealed = 12;

// How long `c` is at the beginning of the text, plain or as JSON writes it (RFC 8259 7); 0 where it is something else.
std::size_t length_of(char c, std::string_view text) {
    if (text.starts_with(c)) return 1;
    if (text.size() < 2 || text[0] != '\\') return 0;
    if (text[1] == c) return 2;
    if (text[1] != 'u' || text.size() < 6) return 0;
    unsigned code = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, code, 16);
    return error == std::errc() && end == text.data() + 6 && code == static_cast<unsigned char>(c) ? 6 : 0;
}

// How long the secret is at the beginning of the text; 0 where it is not there.
std::size_t length_of(std::string_view secret, std::string_view text) {
    std::size_t length = 0;
    for (const char c : secret) {
        const std::size_t one = length_of(c, text.substr(length));
        if (one == 0) return 0;
        length += one;
    }
    return length;
}

void conceal(std::string_view secret, std::string& text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        at = text.find_first_of(std::string{secret.front(), '\\'}, at);
        if (at == std::string::npos) return;
        if (const std::size_t length = length_of(secret, std::string_view(text).substr(at)); length > 0)
            text.replace(at, length, length, '*');
    }
}

}  // namespace

void conceal(const Secret& secret, ports::HttpResponse& response) {
    if (secret.reveal().size() < kShortestConcealed) return;
    conceal(secret.reveal(), response.body);
    for (Header& header : response.headers) conceal(secret.reveal(), header.second);
}

void authorize(ports::HttpRequest& request, const Secret& bearer) {
    if (!bearer.empty()) request.headers.emplace_back("Authorization", "Bearer " + bearer.reveal());
}

ports::HttpRequest make_request(const settings::Endpoint& endpoint, const settings::Address& address,
                                const protocols::Protocol& protocol, std::span<const std::string_view> rows,
                                RequestId id, const std::string& name) {
    protocols::Encoded encoded = protocol.encode(rows);
    ports::HttpRequest request = addressed(endpoint, address, id);
    request.headers.insert(request.headers.begin(), encoded.headers.begin(), encoded.headers.end());
    request.headers.emplace_back("x-ms-client-request-id", name);
    request.headers.emplace_back("x-request-id", name);
    request.body = std::move(encoded.body);
    request.gzip = endpoint.compression == settings::Compression::gzip;
    return request;
}

ports::HttpRequest make_token_request(auth::TokenRequest request, RequestId id) {
    ports::HttpRequest http;
    http.id = id;
    http.url = std::move(request.url);
    http.headers = std::move(request.headers);
    http.body = std::move(request.body);
    http.get = request.get;
    http.timeout = kTokenPatience;
    http.connect_timeout = kPatience;
    http.max_response_bytes = request.most_bytes;
    http.tls.ca_file = std::move(request.ca_file);
    return http;
}

auth::TokenResponse token_response(const ports::HttpResponse& response) {
    return {response.transport == ports::Transport::answered, response.status, response.headers, response.body,
            response.error};
}

ports::HttpRequest make_health_check(const settings::Endpoint& endpoint, const settings::Address& address,
                                     const std::string& url, RequestId id) {
    ports::HttpRequest request = addressed(endpoint, address, id);
    request.url = url;
    request.get = true;
    request.timeout = std::min(endpoint.timeout, kPatience);
    request.connect_timeout = std::min(endpoint.connect_timeout, request.timeout);
    request.max_response_bytes = kLongestDocument;
    return request;
}

ports::HttpRequest make_signature_request(const settings::Endpoint& endpoint, const settings::Address& address,
                                          RequestId id, std::string url) {
    ports::HttpRequest request = make_health_check(endpoint, address, url, id);
    request.headers.emplace(request.headers.begin(), "Accept", "application/json");
    return request;
}

engine::SignatureRead read_signature(const settings::Pipeline& pipeline, const ports::HttpResponse& response) {
    using What = engine::SignatureRead::What;
    engine::SignatureRead read;
    read.reached = response.transport != ports::Transport::unreachable;
    if (response.transport != ports::Transport::answered) {
        read.what = response.transport == ports::Transport::oversized ? What::nothing : What::failed;
        read.why = read.what == What::nothing ? "the document is larger than 4 MiB" : response.error;
        return read;
    }
    if (response.status != 200) {
        const bool later = may_be_there_later(protocols::outcome_of(response.status, response.headers));
        read.what = later ? What::failed : What::nothing;
        read.why = "HTTP " + std::to_string(response.status) + " instead of a document";
        return read;
    }
    auto signature = protocols::read_contract(pipeline, response.body);
    if (!signature) {
        read.what = What::nothing;
        read.why = std::move(signature.error().text);
        return read;
    }
    read.what = What::found;
    read.misfit = protocols::columns_of(pipeline, *signature).problem;
    read.signature = std::move(*signature);
    return read;
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
