#include "bridge/app/check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <string_view>
#include <utility>

#include "bridge/app/words.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/tcp_connect.h"

namespace millrace::app {

namespace {

constexpr std::chrono::milliseconds kPatience{5000};
constexpr int kOldestGeneration = 2009;

std::string_view name(Grade grade) {
    constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
    return kNames.at(static_cast<std::size_t>(grade));
}

std::string pipeline_path(std::size_t index) { return "pipelines[" + std::to_string(index) + "]"; }

Finding no_server(std::string why) { return {Grade::error, "nats.urls", "no answer from NATS: " + std::move(why)}; }

void judge_server(const Survey& seen, std::vector<Finding>& out) {
    if (!seen.server) return;
    if (generation(seen.server) < kOldestGeneration) {
        out.push_back({Grade::error, "nats.urls",
                       "nats-server " + seen.server->version + " is older than 2.9, which Millrace needs"});
    }
}

void look_at_server(const settings::Settings& settings, std::ostream& out, std::vector<Finding>& found) {
    if (auto usable = io::check_nats_settings(settings.nats); !usable)
        return found.push_back({Grade::error, "nats", std::move(usable.error().text)});
    io::NatsConnection connection(settings.nats, "millrace check", {});
    if (!connection.wait_connected(kPatience)) return found.push_back(no_server(connection.trouble()));
    auto seen = survey(connection, settings);
    if (!seen) return found.push_back({Grade::error, "nats", std::move(seen.error().text)});
    if (seen->server) out << "nats-server " << seen->server->version << " answers\n";
    judge_server(*seen, found);
    for (std::size_t i = 0; i < settings.pipelines.size(); ++i) {
        auto more = judge(settings.pipelines[i], pipeline_path(i), seen->pipelines[i]);
        std::ranges::move(more, std::back_inserter(found));
    }
}

// Only whether somebody listens: a request would count as one, and would need a row that the model knows.
void look_at_endpoints(const settings::Settings& settings, std::vector<Finding>& found) {
    for (std::size_t i = 0; i < settings.pipelines.size(); ++i) {
        const std::string& url = settings.pipelines[i].endpoint.url;
        const auto address = io::tcp_address(url, url.starts_with("https://") ? "443" : "80");
        const auto until = std::chrono::steady_clock::now() + kPatience;
        if (auto reached = io::tcp_connect(address, until); !reached) {
            found.push_back({Grade::error, pipeline_path(i) + ".endpoint.url", std::move(reached.error().text)});
        }
    }
}

}  // namespace

std::vector<Finding> examine(const settings::Settings& settings, std::ostream& out) {
    std::vector<Finding> found;
    look_at_server(settings, out, found);
    look_at_endpoints(settings, found);
    return found;
}

int check(const settings::Settings& settings, std::ostream& out) {
    const std::vector<Finding> found = examine(settings, out);
    for (const auto& finding : found)
        out << name(finding.grade) << ": " << finding.path << ": " << finding.text << "\n";
    const auto errors = std::ranges::count(found, Grade::error, &Finding::grade);
    const auto warnings = std::ranges::count(found, Grade::warning, &Finding::grade);
    out << errors << (errors == 1 ? " error, " : " errors, ") << warnings << (warnings == 1 ? " warning" : " warnings")
        << " from the server and the endpoints\n";
    return errors == 0 ? 0 : 1;
}

}  // namespace millrace::app
