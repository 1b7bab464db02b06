#include "bridge/app/ask.h"

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <utility>
#include <variant>
#include <vector>

#include "auth/grant.h"
#include "bridge/app/clocks.h"
#include "bridge/config/problem.h"
#include "bridge/io/curl_endpoint.h"
#include "bridge/protocols/contract.h"
#include "bridge/settings/addresses.h"
#include "bridge/shard/credentials.h"
#include "bridge/shard/exchange.h"

namespace millrace::app {

namespace {

constexpr Duration kLook = std::chrono::seconds(1);

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
    return text;
}

}  // namespace

std::optional<std::string> environment(const std::string& name) {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

ports::HttpResponse ask(ports::HttpRequest request) {
    io::CurlEndpoint http({1});
    http.send(std::move(request));
    std::vector<ports::HttpResponse> responses;
    while (responses.empty()) http.wait(kLook, responses);
    return std::move(responses.front());
}

Result<ports::HttpResponse> ask(const settings::Settings& settings, const settings::Pipeline& pipeline,
                                std::size_t address, ports::HttpRequest request) {
    std::vector<std::string> problems;
    Credentials credentials = Credentials::make(pipeline, settings.identities, environment, 1, problems);
    if (!problems.empty()) return fail(ErrorCode::misconfigured, joined(problems));
    io::CurlEndpoint http({1});
    credentials.send(http, address, std::move(request), false, boot_now(), wall_now());
    for (std::vector<ports::HttpResponse> responses;; responses.clear()) {
        const Credentials::News told = credentials.news();
        if (!told.unsent.empty()) return fail(ErrorCode::misconfigured, told.unsent.front().why);
        http.wait(kLook, responses);
        for (ports::HttpResponse& response : responses) {
            if (!credentials.take(http, response, boot_now(), wall_now())) return std::move(response);
        }
    }
}

Result<void> try_identity(const settings::IdentitySettings& identity, const std::string& audience) {
    if (!settings::has_tokens(identity)) return {};
    auto grant = auth::make_grant(identity, audience, environment);
    if (!grant) return std::unexpected(std::move(grant.error()));
    auth::TokenStep step = (*grant)->begin(wall_now());
    while (auto* const request = std::get_if<auth::TokenRequest>(&step)) {
        const auto response = ask(make_token_request(std::move(*request), RequestId{1}));
        step = (*grant)->answered(token_response(response), wall_now());
    }
    const auto* const failure = std::get_if<auth::TokenFailure>(&step);
    if (failure == nullptr) return {};
    return fail(failure->passing ? ErrorCode::unavailable : ErrorCode::misconfigured, "no token: " + failure->why);
}

Result<engine::SignatureRead> ask_signature(const settings::Settings& settings, const settings::Pipeline& pipeline,
                                            std::size_t which) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    const settings::Address address = settings::routes(endpoint).addresses[which];
    std::string url = protocols::contract_url(pipeline, address.url);
    if (url.empty()) {
        return fail(ErrorCode::not_found, "no endpoint of protocol " + endpoint.protocol +
                                              " at such a URL publishes one" +
                                              (endpoint.protocol == "mlflow" ? " (name the model's MLmodel file: "
                                                                               "endpoint.signature: {file: PATH})"
                                                                             : ""));
    }
    auto response =
        ask(settings, pipeline, which, make_signature_request(endpoint, address, RequestId{1}, std::string(url)));
    if (!response) return std::unexpected(std::move(response.error()));
    auto read = read_signature(pipeline, *response);
    if (!read.why.empty()) read.why += " (asked at " + url + ")";
    return read;
}

const settings::Pipeline* choose_pipeline(const settings::Settings& settings, const std::string& name,
                                          std::ostream& out) {
    const auto& all = settings.pipelines;
    if (name.empty() && all.size() == 1) return &all.front();
    const auto found = std::ranges::find(all, name, &settings::Pipeline::name);
    if (found != all.end()) return &*found;
    out << "--pipeline: "
        << (name.empty() ? "there are several, say which" : config::quote(name) + " is not one of those configured")
        << " (";
    for (const auto& one : all) out << (&one == &all.front() ? "" : ", ") << one.name;
    out << ")\n";
    return nullptr;
}

}  // namespace millrace::app
