#include "bridge/settings/outputs.h"

namespace millrace::settings {
namespace {

std::string state_space(const Pipeline& pipeline) { return "millrace.state." + pipeline.name + "."; }

}  // namespace

std::string summary_space(const Pipeline& pipeline, const Aggregate& aggregate) {
    return bucket_space(aggregate.kv_bucket) + pipeline.name + "." + aggregate.name + ".";
}

std::string bucket_space(std::string_view bucket) { return "$KV." + std::string(bucket) + "."; }

std::vector<OutputRow> outputs(const Pipeline& pipeline) {
    std::vector<OutputRow> rows;
    if (has_endpoint(pipeline)) {
        rows.push_back({Output::result, "results.subject", pipeline.results.subject, pipeline.results.stream});
    }
    rows.push_back({Output::dead_letter, "dead_letter.subject", pipeline.dead_letter.subject, {}});
    rows.push_back({Output::unroutable, "dead_letter.unroutable_subject", pipeline.dead_letter.unroutable_subject, {}});
    if (pipeline.bypass.to == Bypass::To::subject) {
        rows.push_back({Output::bypass, "bypass.subject", pipeline.bypass.subject, {}});
    }
    if (!is_owned(pipeline)) return rows;
    if (pipeline.event.on_late == OnLate::subject) {
        rows.push_back({Output::late, "event.late_subject", pipeline.event.late_subject, {}});
    }
    rows.push_back({Output::state, "state.stream", state_space(pipeline) + ">", pipeline.state.stream});
    for (std::size_t i = 0; i < pipeline.aggregates.size(); ++i) {
        const Aggregate& aggregate = pipeline.aggregates[i];
        const std::string path = "aggregates[" + std::to_string(i) + "].";
        rows.push_back({aggregate_output(i), path + "subject", aggregate.subject, {}});
        if (aggregate.kv_bucket.empty()) continue;
        rows.push_back({summary_output(i), path + "kv_bucket", summary_space(pipeline, aggregate) + ">",
                        std::string(kBucketStream) + aggregate.kv_bucket});
    }
    return rows;
}

std::vector<OutputRow> publications(const Pipeline& pipeline) {
    std::vector<OutputRow> rows = outputs(pipeline);
    if (has_shadow(pipeline))
        rows.push_back({Output::difference, "endpoint.shadow.subject", pipeline.endpoint.shadow.subject, {}});
    if (has_audit(pipeline)) rows.push_back({Output::audit, "audit.subject", pipeline.audit.subject, {}});
    return rows;
}

Output output_of(const Pipeline& pipeline, const Delivery& delivery, Ending ending) {
    if (ending == Ending::dead) return delivery.tenant.empty() ? Output::unroutable : Output::dead_letter;
    const bool apart = ending == Ending::bypassed && pipeline.bypass.to == Bypass::To::subject;
    return apart ? Output::bypass : Output::result;
}

std::size_t output_slots(const Pipeline& pipeline) {
    return is_owned(pipeline) ? index(aggregate_output(pipeline.aggregates.size())) : kEventOutputs;
}

std::string state_subject(const Pipeline& pipeline, Partition partition) {
    return state_space(pipeline) + std::to_string(partition);
}

}  // namespace millrace::settings
