#include "bridge/app/state_fit.h"

#include <algorithm>
#include <string>

#include "bridge/app/words.h"
#include "bridge/base/text.h"
#include "bridge/engine/inherit.h"
#include "bridge/engine/owner.h"

namespace millrace::app {

namespace {

std::unexpected<Error> refuse(const std::string& text) { return fail(ErrorCode::conflict, text); }

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

Result<void> fits_configuration(const settings::Pipeline& pipeline, const state::PipelineState& state,
                                const state::Head& head, bool accept_fingerprint) {
    if (state.layout != hex(settings::layout(pipeline))) {
        return refuse(
            "layout_mismatch: the state is of other partitions, aggregates, windows, groups or functions, and cannot "
            "be read as what is configured (import it with those, or raise `generation` and begin anew)");
    }
    if (head.generation != pipeline.generation) {
        return refuse("generation_mismatch: the state is of generation " + number(head.generation) +
                      ", and the configuration of " + number(pipeline.generation) +
                      " (set `generation: " + number(head.generation) + "`, or begin anew without it)");
    }
    if (head.fingerprint == settings::fingerprint(pipeline) || accept_fingerprint) return {};
    return refuse(
        "fingerprint_mismatch: the configuration means something else than when the state was written: event times, "
        "tolerances, `having` or the input (undo the change, or --accept-fingerprint: windows that are open then hold "
        "events that were judged by the old meaning, and are finished by the new one)");
}

Result<void> has_outputs(const settings::Pipeline& pipeline, const state::Content& content) {
    const auto found = engine::inherit(pipeline, content.outbox, {}, {});
    if (found) return {};
    return refuse("output_missing: a message for " + found.error().text +
                  " is committed and not known to be published, and the configuration has no such output any more "
                  "(let a replica with the configuration the state was written under publish it, then export)");
}

Result<void> may_replace(const settings::Pipeline& pipeline, const StoredHead& there, const state::Head& head,
                         ServerTime server_now) {
    const std::string where = " at sequence " + number(there.sequence) + " of the state stream";
    if (has_owner(there, server_now, pipeline.state.lease)) {
        return refuse("owner_alive: the head" + where + " is younger than the lease (" + words(pipeline.state.lease) +
                      ") and was not released (stop every replica, or wait for the lease of one that was killed)");
    }
    if (there.head.generation != head.generation) {
        return refuse("generation_mismatch: the head" + where + " is of generation " + number(there.head.generation) +
                      ", and the document's of " + number(head.generation) +
                      " (what one generation has published the other would not know of)");
    }
    const bool same = there.head.commit == head.commit && there.head.writer == head.writer;
    if (there.head.commit >= head.commit && !same) {
        return refuse("state_regressed: the head" + where + " is commit " + number(there.head.commit) +
                      ", and the document's is " + number(head.commit) +
                      ": what was published since would be published again (export anew)");
    }
    return {};
}

bool is_from(const StoredHead& there, const state::Head& head, Digest fingerprint) {
    const state::Head& last = there.head;
    return last.base == 0 && last.released && last.commit > head.commit && last.generation == head.generation &&
           last.fingerprint == fingerprint && last.floor == head.floor && last.content_digest == head.content_digest;
}

Result<void> fits_input(const state::Head& head, const Bound& streams) {
    const auto misfit =
        engine::input_misfit(streams, head.input_created, head.floor, std::max(head.floor, head.clear_to));
    if (misfit) return refuse(misfit->name + ": " + misfit->remedy);
    return {};
}

std::unexpected<Error> acked_beyond(const state::Head& head, std::uint64_t ack_floor) {
    return refuse("state_regressed: the document ends at message " + number(head.floor) +
                  " of the input, and messages " + "up to " + number(ack_floor) +
                  " were acked: it was exported before they were (export anew)");
}

std::unexpected<Error> other_input(const state::Head& head) {
    return refuse(
        "input_regressed: message " + number(head.floor) +
        " of the input stream is not the one the state was made of (it was restored or made anew: restore it)");
}

}  // namespace millrace::app
