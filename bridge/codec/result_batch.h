// Results of one tenant in one message, in the order of their events (results: {as: batch}), and what a message of an
// ordered pipeline says about which results it holds.
//
//     {"partition":0,"first_sequence":11,"last_sequence":12,"count":3,
//      "sequences":[11,12,12],"elements":[0,0,1],"results":[{"score":…},{"score":…},{"score":…}]}
//
// The n-th of each list is of one event. Where requests are audited, `audit` has the sequences of the audit messages.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/stream.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

inline constexpr std::string_view kBatchKind = "results";

// What an ordered pipeline's result says besides its lineage.
void add_order(const settings::Pipeline& pipeline, const Delivery& delivery, std::vector<Header>& headers);
// Headers of a batch. Requires: at least one event, all of one tenant, in the order of the stream.
using InBatch = std::pair<const Delivery*, const Event*>;
std::vector<Header> batch_headers(const settings::Pipeline& pipeline, const std::vector<InBatch>& events);
// Its body; `results` are theirs, in the same order.
std::string batch_body(const std::vector<InBatch>& events, const std::vector<std::string>& results);

// Which events' results a message holds, by itself or in a batch; nothing where it is none of the pipeline's, of this
// partition and generation.
std::optional<StoredRun> results_in(const settings::Pipeline& pipeline, Partition partition,
                                    const StreamMessage& message);
// The same of any pipeline's batch, from its headers alone. Without a place.
std::optional<StoredRun> batch_in(const std::vector<Header>& headers);
// The result of one event out of a batch's body, as raw text; empty when it is not in there.
std::string result_in(std::string_view batch, EventPlace place);
// Which audit messages tell of its results; each once, ascending.
std::vector<std::uint64_t> audited_in(std::string_view batch);

}  // namespace millrace::codec
