#include "bridge/cli/check_command.h"

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include "auth/vault.h"
#include "bridge/app/check.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/config_file.h"
#include "bridge/config/cross_rules.h"
#include "bridge/config/inspect.h"
#include "bridge/protocols/contract.h"
#include "bridge/settings/addresses.h"
#include "bridge/settings/outputs.h"

namespace millrace::cli {
namespace {

void describe(const settings::Pipeline& pipeline, bool offline, std::ostream& out) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    const std::string owner = settings::is_owned(pipeline) ? "-EPOCH-N" : "";
    out << "pipeline " << pipeline.name << "\n"
        << "  reads     " << pipeline.input.subject << " in " << pipeline.input.stream << ", consumer "
        << settings::consumer_name(pipeline, 0) << owner;
    if (pipeline.partitions > 1) out << " to " << settings::consumer_name(pipeline, pipeline.partitions - 1) << owner;
    out << "\n";
    if (settings::has_endpoint(pipeline)) {
        out << "  asks      " << endpoint.protocol << " at " << settings::routes(endpoint).addresses.front().url
            << ", up to " << endpoint.max_batch_count << " events a request, " << pipeline.partitions << " x "
            << endpoint.parallel_requests_per_partition << " requests in flight\n";
    }
    if (settings::has_shadow(pipeline)) {
        const settings::Shadow& shadow = endpoint.shadow;
        const std::string& protocol = shadow.protocol.empty() ? endpoint.protocol : shadow.protocol;
        out << "  compares  " << shadow.percent << " % of batches with " << protocol << " at " << shadow.address.url
            << "\n";
    }
    std::string_view before = "  publishes ";
    for (const settings::OutputRow& row : settings::publications(pipeline)) {
        out << before << row.subject;
        before = ", ";
    }
    out << "\n";
    if (offline && settings::has_endpoint(pipeline) && endpoint.signature.from == settings::SignatureFrom::endpoint &&
        !protocols::contract_url(pipeline, settings::routes(endpoint).addresses.front().url).empty())
        out << "  takes     what its endpoint says, which is not asked offline\n";
}

// Which secrets are read from vaults, and as whom.
void describe_vaults(const settings::Settings& settings, std::ostream& out) {
    for (const settings::Vault& vault : settings.vaults) {
        out << "vault " << vault.name << "\n  asked     at " << auth::address_of(vault) << " as identity "
            << vault.identity << "\n";
        for (const auto& [field, reference] : settings.vault_secrets) {
            if (auth::parse_vault_reference(reference)->vault == vault.name)
                out << "  gives     " << field << ": " << reference << "\n";
        }
    }
}

// What the surroundings deserve, at the fields it is about.
std::vector<config::Problem> ask(const std::string& file_name, const config::Reading& reading, std::ostream& out) {
    config::Problems problems(file_name);
    for (app::Finding& finding : app::examine(reading.settings, out)) {
        const config::Place place = config::place_of(reading.places, finding.path);
        problems.add(place, std::move(finding.path), std::move(finding.text), finding.severity);
    }
    return std::move(problems).take();
}

bool has_error(const std::vector<config::Problem>& problems) {
    return std::ranges::any_of(
        problems, [](const config::Problem& problem) { return problem.severity == config::Severity::error; });
}

}  // namespace

int check(const std::string& file_name, const config::Reading& reading, bool offline, std::ostream& out) {
    std::vector<config::Problem> found = config::inspect(file_name, reading);
    print(found, out);
    bool bad = has_error(found);
    if (!offline) {
        found = ask(file_name, reading, out);
        print(found, out);
        bad = bad || has_error(found);
    }
    if (bad) return kProblem;
    describe_vaults(reading.settings, out);
    for (const settings::Pipeline& pipeline : reading.settings.pipelines) describe(pipeline, offline, out);
    return kFine;
}

}  // namespace millrace::cli
