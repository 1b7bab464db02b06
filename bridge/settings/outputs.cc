#include "bridge/settings/outputs.h"

namespace millrace::settings {
namespace {

std::string state_space(const Pipeline& pipeline) { return "millrace.state." + pipeline.name + "."; }

}  // namespace

std::vector<OutputRow> outputs(const Pipeline& pipeline) {
    std::vector<OutputRow> rows;
    if (has_endpoint(pipeline)) {
        rows.push_back({Output::result, "results.subject", pipeline.results.subject, pipeline.results.stream});
    }
    rows.push_back({Output::dead_letter, "dead_letter.subject", pipeline.dead_letter.subject, {}});
    rows.push_back({Output::unroutable, "dead_letter.unroutable_subject", pipeline.dead_letter.unroutable_subject, {}});
    if (!is_owned(pipeline)) return rows;
    if (pipeline.event.on_late == OnLate::subject) {
        rows.push_back({Output::late, "event.late_subject", pipeline.event.late_subject, {}});
    }
    rows.push_back({Output::state, "state.stream", state_space(pipeline) + ">", pipeline.state.stream});
    for (std::size_t i = 0; i < pipeline.aggregates.size(); ++i) {
        rows.push_back(
            {aggregate_output(i), "aggregates[" + std::to_string(i) + "].subject", pipeline.aggregates[i].subject, {}});
    }
    return rows;
}

std::size_t output_slots(const Pipeline& pipeline) {
    return is_owned(pipeline) ? index(aggregate_output(pipeline.aggregates.size())) : kEventOutputs;
}

std::string state_subject(const Pipeline& pipeline, Partition partition) {
    return state_space(pipeline) + std::to_string(partition);
}

}  // namespace millrace::settings
