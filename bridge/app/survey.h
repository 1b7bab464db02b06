// Survey: what is on the server for the configured pipelines, read once. check judges it, setup plans from it; both are
// pure, so that they are tested without a server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/io/nats_admin.h"
#include "bridge/settings/outputs.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

struct OutputSurvey {
    settings::OutputRow row;
    std::string filter;                    // every tenant; of the state every partition
    std::vector<io::StreamFound> streams;  // that store some of it

    // The one that stores all of it, if there is one.
    [[nodiscard]] const io::StreamFound* behind() const;
};

struct PipelineSurvey {
    std::string input_filter;                                 // every partition, every tenant
    std::optional<io::StreamFound> input;                     // input.stream
    std::vector<io::StreamFound> on_input;                    // streams that store some of the input filter
    std::vector<OutputSurvey> outputs;                        // those the pipeline has
    std::optional<io::StreamFound> home;                      // the stream called home_name
    std::optional<io::StreamFound> state_home;                // the stream called state_home_name
    std::optional<io::StreamFound> audit_home;                // the stream called kAuditHome
    std::vector<std::optional<io::ConsumerFound>> consumers;  // by partition; none where partitions are owned
    std::vector<std::string> consumer_filter;                 // by partition

    [[nodiscard]] const OutputSurvey* output(Output which) const;
    [[nodiscard]] const io::StreamFound* behind(Output which) const;
    std::optional<ServerTime> oldest_unacked;  // when the oldest message no consumer is done with was stored
    std::optional<ServerTime> server_now;
};

struct Survey {
    std::optional<io::ServerInfo> server;  // nothing where the server greets only after TLS
    io::AccountFound account;
    std::vector<PipelineSurvey> pipelines;  // as in the settings
};

// A connection that is up, waited for a few seconds. `misconfigured` where the settings cannot be used at all.
Result<std::unique_ptr<io::NatsConnection>> connect(const settings::Nats& nats, std::string client_name);
// Blocks, for a few requests a pipeline.
Result<Survey> survey(io::NatsConnection& connection, const settings::Settings& settings);

// Where setup puts outputs that no stream stores yet: results.stream, or PIPELINE-results.
std::string home_name(const settings::Pipeline& pipeline);
// Where it puts state that no stream stores yet: state.stream, or MILLRACE_STATE.
std::string state_home_name(const settings::Pipeline& pipeline);

// Where it puts audit messages that no stream stores yet.
inline constexpr std::string_view kAuditHome = "MILLRACE_AUDIT";

// "2.10.27" → 2010 as a number that compares; 0 when unknown.
int generation(const std::optional<io::ServerInfo>& server);

}  // namespace millrace::app
