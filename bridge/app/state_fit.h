// What must be true for a head of a document to be stored: rules of `millrace state import`, each an error that begins
// with its name and says what to do. Pure.
#pragma once

#include <cstdint>

#include "bridge/app/state_reader.h"
#include "bridge/base/result.h"
#include "bridge/settings/fingerprint.h"
#include "bridge/settings/settings.h"
#include "bridge/state/document.h"

namespace millrace::app {

// The configuration can read it, and means the same by it unless another meaning is accepted.
Result<void> fits_configuration(const settings::Pipeline& pipeline, const state::PipelineState& state,
                                const state::Head& head, bool accept_fingerprint);
// What is not known to be published still has its outputs.
Result<void> has_outputs(const settings::Pipeline& pipeline, const state::Content& content);
// The head that is there is nobody's, and nothing was committed since the document was made.
Result<void> may_replace(const settings::Pipeline& pipeline, const StoredHead& there, const state::Head& head,
                         ServerTime server_now);
// The head that is there was imported from this one.
bool is_from(const StoredHead& there, const state::Head& head, Digest fingerprint);
// The input is the one the state was made of, and whole from there.
Result<void> fits_input(const state::Head& head, const Bound& streams);
// What reading the input may show besides.
std::unexpected<Error> acked_beyond(const state::Head& head, std::uint64_t ack_floor);
std::unexpected<Error> other_input(const state::Head& head);

}  // namespace millrace::app
