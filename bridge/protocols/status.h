// HTTP status → Outcome, the one table. Total: what it does not name is misconfigured, which holds and never judges an
// event.
//
// Two rows look at a header, because Azure ML speaks of its model's container there:
//   424  `ms-azureml-model-error-statuscode` is the status the container gave. 429 and 503 → throttled, another 4xx →
//        rejected, another 5xx → model_raised, anything else → misconfigured. Without a readable one → failed: either
//        the container's probes fail, which passes, or something stripped the header. As a transient failure the first
//        costs nothing, and the second still gets its events one by one, as suspects; model_raised would split every
//        batch while a container restarts, misconfigured would let one bad event hold the pipeline for ever.
//   500  with `x-ms-run-function-failed: True` the model's code raised → model_raised; without, the endpoint's own
//   trouble.
//
// Only 200 has its body judged. Another 2xx promises no answer to this request in this response (202: later, 204: none,
// 206: a part), so it is named nowhere and misconfigured; as a broken contract it would split batches over it.
#pragma once

#include <span>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/base/outcome.h"

namespace millrace::protocols {

inline constexpr std::string_view kModelStatusHeader = "ms-azureml-model-error-statuscode";
inline constexpr std::string_view kModelRaisedHeader = "x-ms-run-function-failed";

// `scored` means: judge the body. Header names are in lower case.
Outcome outcome_of(int status, std::span<const Header> headers);

// The status in words; empty for one that is seldom met.
std::string_view status_text(int status);

}  // namespace millrace::protocols
