#include "bridge/app/ask.h"

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include "auth/key_file.h"
#include "bridge/config/problem.h"
#include "bridge/io/curl_endpoint.h"
#include "bridge/protocols/contract.h"
#include "bridge/settings/addresses.h"
#include "bridge/shard/exchange.h"

namespace millrace::app {

ports::HttpResponse ask(const settings::Endpoint& endpoint, ports::HttpRequest request) {
    io::CurlEndpoint http({endpoint.ca_file, 1});
    std::vector<ports::HttpResponse> responses;
    const Duration patience = request.timeout + std::chrono::seconds(1);
    http.send(std::move(request));
    while (responses.empty()) http.wait(patience, responses);
    return std::move(responses.front());
}

Result<engine::SignatureRead> ask_signature(const settings::Pipeline& pipeline) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    const settings::Address address = settings::routes(endpoint).addresses.front();
    std::string url = protocols::contract_url(pipeline, address.url);
    if (url.empty()) {
        return fail(ErrorCode::not_found, "no endpoint of protocol " + endpoint.protocol +
                                              " at such a URL publishes one" +
                                              (endpoint.protocol == "mlflow" ? " (name the model's MLmodel file: "
                                                                               "endpoint.signature: {file: PATH})"
                                                                             : ""));
    }
    const auto key = auth::KeyFile::load(address.key_file);
    if (!key) return fail(key.error().code, "endpoint.key_file: " + key.error().text);
    auto read = read_signature(
        pipeline, ask(endpoint, make_signature_request(endpoint, address, key->key(), RequestId{1}, std::string(url))));
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
