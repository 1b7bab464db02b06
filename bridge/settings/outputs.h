// What a pipeline publishes, as a table: one row an output, with the field that names its subject and what is
// configured there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/stream.h"
#include "bridge/settings/settings.h"

namespace millrace::settings {

struct OutputRow {
    Output output{};
    std::string field;    // below its pipeline: `results.subject`, `aggregates[1].subject`
    std::string subject;  // template; of state and summaries a filter
    std::string stream;   // the one configured; empty: the one that stores the subject
};

// Those the pipeline has, in the order of Output: no results without an endpoint, copies past the model and late ones
// only where they are asked for, state and aggregates where partitions are owned, summaries where they have a bucket.
std::vector<OutputRow> outputs(const Pipeline& pipeline);
// These, and what is told of them: differences to whoever listens, and the audit to the operator.
std::vector<OutputRow> publications(const Pipeline& pipeline);
// Which of them tells of an event that is settled so. Requires: it is not filtered, which nothing tells of.
Output output_of(const Pipeline& pipeline, const Delivery& delivery, Ending ending);
// How long a vector with Outputs as indices is for the pipeline.
std::size_t output_slots(const Pipeline& pipeline);

// What the stream of a bucket is called: `KV_BUCKET`.
inline constexpr std::string_view kBucketStream = "KV_";
// What the subjects of an aggregate's summary begin with: `$KV.BUCKET.PIPELINE.AGGREGATE.`, and before that what the
// keys of any bucket are below. Requires: it has a bucket.
std::string summary_space(const Pipeline& pipeline, const Aggregate& aggregate);
std::string bucket_space(std::string_view bucket);

// The subject of a partition's heads; its parts are below it. `millrace.state.PIPELINE.P`
std::string state_subject(const Pipeline& pipeline, Partition partition);

}  // namespace millrace::settings
