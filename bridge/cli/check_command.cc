#include "bridge/cli/check_command.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include "bridge/cli/cli.h"
#include "bridge/cli/config_file.h"
#include "bridge/config/inspect.h"

namespace millrace::cli {
namespace {

void describe(const settings::Pipeline& pipeline, std::ostream& out) {
    const settings::Endpoint& endpoint = pipeline.endpoint;
    out << "pipeline " << pipeline.name << "\n"
        << "  reads     " << pipeline.input.subject << " in " << pipeline.input.stream << ", consumer "
        << settings::consumer_name(pipeline, 0);
    if (pipeline.partitions > 1) out << " to " << settings::consumer_name(pipeline, pipeline.partitions - 1);
    out << "\n"
        << "  asks      " << endpoint.protocol << " at " << endpoint.url << ", up to " << endpoint.max_batch_count
        << " events a request, " << pipeline.partitions << " x " << endpoint.parallel_requests_per_partition
        << " requests in flight\n"
        << "  publishes " << pipeline.results.subject << ", " << pipeline.dead_letter.subject << ", "
        << pipeline.dead_letter.unroutable_subject << "\n";
}

}  // namespace

int check_offline(const std::string& file_name, const config::Reading& reading, std::ostream& out) {
    const std::vector<config::Problem> found = config::inspect(file_name, reading);
    print(found, out);
    const bool broken = std::ranges::any_of(
        found, [](const config::Problem& problem) { return problem.severity == config::Severity::error; });
    if (broken) return kProblem;
    for (const settings::Pipeline& pipeline : reading.settings.pipelines) describe(pipeline, out);
    return kFine;
}

}  // namespace millrace::cli
