#include <ostream>
#include <utility>

#include "bridge/app/state.h"
#include "bridge/app/state_pipelines.h"
#include "bridge/app/state_reader.h"
#include "bridge/base/text.h"
#include "bridge/settings/fingerprint.h"
#include "bridge/state/document.h"

namespace millrace::app {

namespace {

// The chain as one head that holds everything.
state::Head folded(StoredState state) {
    state::Content content = state.applier->take(true);
    content.outbox = std::move(state.outbox);
    state::Head head = std::move(state.last.head);
    head.previous = 0;
    head.base = 0;
    head.parts = 0;
    head.first_part = 0;
    head.content = state::write(content);
    head.content_size = head.content.size();
    head.content_digest = digest(head.content);
    return head;
}

Result<std::optional<state::Head>> settled_head(StateDoor& door, StateReader& reader,
                                                const settings::Pipeline& pipeline, Partition partition) {
    auto state = reader.read(partition);
    if (!state) return std::unexpected(std::move(state.error()));
    if (!*state) return std::optional<state::Head>();
    const auto streams = door.look(partition);
    if (!streams) return std::unexpected(streams.error());
    if (has_owner((*state)->last, streams->server_now, pipeline.state.lease)) {
        return fail(ErrorCode::conflict,
                    "owner_alive: it has an owner, and what it commits from now on would not be in the document (stop "
                    "every replica, or wait for the lease of one that was killed)");
    }
    if (!(*state)->applier) {
        return fail(ErrorCode::invalid,
                    "fingerprint_mismatch: the configuration means something else than the state (export with the "
                    "configuration it was written under; `import --accept-fingerprint` takes it to another)");
    }
    return folded(std::move(**state));
}

}  // namespace

int export_state(const settings::Settings& settings, const StateOptions& options, std::ostream& out,
                 std::ostream& err) {
    const Pipelines pipelines = pipelines_with_state(settings, options.pipeline, err);
    if (pipelines.empty()) return 2;
    state::Document document;
    bool fine = true;
    for (const settings::Pipeline* pipeline : pipelines) {
        StateDoor door(settings.nats, *pipeline);
        StateReader reader(door, *pipeline);
        state::PipelineState state{pipeline->name, hex(settings::layout(*pipeline)), {}};
        for (Partition p = 0; p < pipeline->partitions; ++p) {
            auto head = settled_head(door, reader, *pipeline, p);
            if (!head) {
                complain(err, *pipeline, p, head.error().text);
                fine = false;
                if (head.error().code == ErrorCode::unavailable) break;
            } else if (*head) {
                state.partitions.push_back({p, std::move(**head)});
            }
        }
        if (!state.partitions.empty()) document.pipelines.push_back(std::move(state));
    }
    if (!fine) return 1;
    if (document.pipelines.empty()) {
        err << "error: no_state: no partition has state (was the pipeline run, and is its state stream the one that "
               "`check` names?)\n";
        return 1;
    }
    out << state::write(document);
    return 0;
}

}  // namespace millrace::app
