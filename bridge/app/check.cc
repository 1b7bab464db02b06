#include "bridge/app/check.h"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <set>
#include <string>
#include <utility>

#include "bridge/app/ask.h"
#include "bridge/app/vaults.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/tcp_connect.h"
#include "bridge/settings/addresses.h"

namespace millrace::app {

namespace {

constexpr std::chrono::milliseconds kPatience{5000};
constexpr int kOldestGeneration = 2009;

std::string pipeline_path(std::size_t index) { return "pipelines[" + std::to_string(index) + "]"; }

void judge_server(const Survey& seen, std::vector<Finding>& out) {
    if (!seen.server) return;
    if (generation(seen.server) < kOldestGeneration) {
        out.push_back({Severity::error, "nats.urls",
                       "nats-server " + seen.server->version + " is older than 2.9, which Millrace needs"});
    }
}

void look_at_server(const settings::Settings& settings, std::ostream& out, std::vector<Finding>& found) {
    const auto connection = connect(settings.nats, "millrace check");
    if (!connection) {
        const bool no_use = connection.error().code == ErrorCode::misconfigured;
        return found.push_back({Severity::error, no_use ? "nats" : "nats.urls", connection.error().text});
    }
    auto seen = survey(**connection, settings);
    if (!seen) return found.push_back({Severity::error, "nats", std::move(seen.error().text)});
    if (seen->server) out << "nats-server " << seen->server->version << " answers\n";
    judge_server(*seen, found);
    for (std::size_t i = 0; i < settings.pipelines.size(); ++i) {
        auto more = judge(settings.pipelines[i], pipeline_path(i), seen->pipelines[i]);
        std::ranges::move(more, std::back_inserter(found));
    }
}

Result<void> reach(const std::string& url) {
    const auto address = io::tcp_address(url, url.starts_with("https://") ? "443" : "80");
    const auto reached = io::tcp_connect(address, std::chrono::steady_clock::now() + kPatience);
    if (!reached) return std::unexpected(reached.error());
    return {};
}

// Whether somebody listens, and what it says it takes: a request for scores would count as one, and would need a row
// that the model knows.
void look_at_endpoints(const settings::Settings& settings, std::vector<Finding>& found) {
    for (std::size_t i = 0; i < settings.pipelines.size(); ++i) {
        if (!settings::has_endpoint(settings.pipelines[i])) continue;
        const settings::Routes all = settings::routes(settings.pipelines[i].endpoint);
        const settings::Pipeline& pipeline = settings.pipelines[i];
        const std::string path = pipeline_path(i);
        std::set<std::size_t> reached;
        for (std::size_t a = 0; a < all.addresses.size(); ++a) {
            if (const auto done = reach(all.addresses[a].url)) {
                reached.insert(a);
            } else {
                found.push_back({Severity::error, path + "." + all.fields[a], done.error().text});
            }
        }
        const auto asks = pipeline.endpoint.signature.from != settings::SignatureFrom::nowhere;
        const auto told =
            ask_signatures(settings, pipeline, [&](std::size_t a) { return asks && reached.contains(a); });
        if (!told.empty()) std::ranges::move(judge_signatures(pipeline, path, told), std::back_inserter(found));
        if (!settings::has_shadow(pipeline)) continue;
        if (const auto done = reach(pipeline.endpoint.shadow.address.url); !done) {
            found.push_back({Severity::warning, path + ".endpoint.shadow.url", done.error().text});
        } else if (asks) {
            std::ranges::move(judge_shadow_signature(pipeline, path, *ask_shadow_signature(settings, pipeline),
                                                     signature_in_force(pipeline, told)),
                              std::back_inserter(found));
        }
    }
}

// Whether there is a token for everything that is asked as somebody.
void look_at_identities(const settings::Settings& settings, std::vector<Finding>& found) {
    std::set<std::pair<std::string, std::string>> tried;
    for (std::size_t i = 0; i < settings.pipelines.size(); ++i) {
        const settings::Routes all = settings::routes(settings.pipelines[i].endpoint);
        for (std::size_t a = 0; a < all.addresses.size(); ++a) {
            const auto& [name, audience] = std::pair(all.addresses[a].identity, all.addresses[a].audience);
            const auto* const identity = settings::find_identity(settings.identities, name);
            if (identity == nullptr || !tried.emplace(name, audience).second) continue;
            if (auto got = try_identity(*identity, audience); !got) {
                std::string field = all.fields[a];
                field.replace(field.rfind("url"), 3, "identity");
                found.push_back({Severity::error, pipeline_path(i) + "." + field, name + ": " + got.error().text});
            }
        }
    }
}

void look_at_vaults(const settings::Settings& settings, std::ostream& out, std::vector<Finding>& found) {
    const auto missing = fetch_secrets(settings, settings.vault_secrets);
    for (const auto& [field, why, passing] : missing) found.push_back({Severity::error, field, why});
    const std::size_t read = settings.vault_secrets.size() - missing.size();
    if (read > 0) out << "vaults give " << read << " of " << settings.vault_secrets.size() << " secrets\n";
}

}  // namespace

std::vector<Finding> examine(const settings::Settings& settings, std::ostream& out) {
    std::vector<Finding> found;
    look_at_vaults(settings, out, found);
    look_at_server(settings, out, found);
    look_at_identities(settings, found);
    look_at_endpoints(settings, found);
    return found;
}

}  // namespace millrace::app
