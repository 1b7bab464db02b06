// A window that has closed, or an event that missed its windows → the message that tells of it. Pure: the same window
// gives the same bytes, whoever renders it and whenever.
//
//     {"window_start":"…Z","window_end":"…Z",<group fields>,<selects>,"count":n,"first_sequence":n,"last_sequence":n}
//
// The names of selects that were computed from a sketch, that lack something, or that are beyond what they can say
// follow as "approximate", "truncated" and "overflow": ["name", …]; where groups span partitions, so does "partition".
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/codec/lineage.h"
#include "bridge/codec/render.h"
#include "bridge/settings/settings.h"
#include "bridge/windows/sample.h"

namespace millrace::codec {

// Members of every aggregate, which no group field and no select is called.
inline constexpr std::array<std::string_view, 9> kAggregateMembers = {
    "window_start", "window_end",  "count",     "first_sequence", "last_sequence",
    "partition",    "approximate", "truncated", "overflow",
};

// Further ones of a summary.
inline constexpr std::array<std::string_view, 2> kSummaryMembers = {"generation", "identity"};
// Where a summary has its identity; it is no message that could be a duplicate.
inline constexpr std::string_view kSummaryIdentity = "Millrace-Identity";

Identity identity_of(const settings::Pipeline& pipeline, Partition partition, const windows::Closed& closed);

// At most `max_bytes` long with its headers: a longer one leaves out its largest group field or select, which is then
// named in "truncated", and another as long as that does not help; too_large when nothing is left to leave out.
// Requires: `closed` is of the pipeline.
Result<Rendered> render_aggregate(const settings::Pipeline& pipeline, Partition partition,
                                  const windows::Closed& closed, std::size_t max_bytes);

// What the summary says of the group from then on: the same body with `generation` and `identity` behind, on the
// subject of the group's key. Requires: the aggregate has a bucket.
Result<Rendered> render_summary(const settings::Pipeline& pipeline, Partition partition, const windows::Closed& closed,
                                std::size_t max_bytes);

// A copy of the event, for event.late_subject.
Result<Rendered> render_late(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                             Missed missed, std::size_t max_bytes);

}  // namespace millrace::codec
