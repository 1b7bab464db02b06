#include <ostream>

#include "bridge/app/state.h"
#include "bridge/app/state_pipelines.h"
#include "bridge/app/state_report.h"
#include "bridge/base/text.h"

namespace millrace::app {

namespace {

// What the partitions that have state say; the others are not in it. Complains and returns false otherwise.
bool gather(const settings::Settings& settings, const settings::Pipeline& pipeline, std::size_t panes,
            std::vector<StateReport>& out, std::ostream& err) {
    StateDoor door(settings.nats, pipeline);
    StateReader reader(door, pipeline);
    bool fine = true;
    for (Partition p = 0; p < pipeline.partitions; ++p) {
        const auto state = reader.read(p);
        const auto streams = state ? door.look(p) : std::unexpected(state.error());
        if (!streams) {
            complain(err, pipeline, p, streams.error().text);
            fine = false;
            if (streams.error().code != ErrorCode::invalid) break;  // it would be no better with the next one
        } else if (*state) {
            out.push_back(report(pipeline, p, **state, streams->server_now, panes));
        }
    }
    return fine;
}

void print(const settings::Pipeline& pipeline, const std::vector<StateReport>& reports, std::ostream& out) {
    out << "pipeline " << pipeline.name << "\n";
    if (reports.size() < pipeline.partitions)
        out << "  " << pipeline.partitions - reports.size() << " of " << pipeline.partitions
            << " partitions have no state that was read\n";
    for (const StateReport& each : reports) print(each, out);
}

std::string json(const settings::Pipeline& pipeline, const std::vector<StateReport>& reports) {
    std::string out = "{\"name\":";
    append_quoted(out, pipeline.name);
    out += ",\"partitions\":[";
    for (const StateReport& each : reports) out += (&each == &reports.front() ? "\n" : ",\n") + json(each);
    return out + "]}";
}

}  // namespace

int inspect_state(const settings::Settings& settings, const StateOptions& options, std::ostream& out,
                  std::ostream& err) {
    const Pipelines pipelines = pipelines_with_state(settings, options.pipeline, err);
    if (pipelines.empty()) return 2;
    bool fine = true;
    std::string all;
    for (const settings::Pipeline* pipeline : pipelines) {
        std::vector<StateReport> reports;
        fine = gather(settings, *pipeline, options.panes, reports, err) && fine;
        if (!options.json) print(*pipeline, reports, out);
        all += (all.empty() ? "\n" : ",\n") + json(*pipeline, reports);
    }
    if (options.json) out << "{\"pipelines\":[" << all << "]}\n";
    return fine ? 0 : 1;
}

}  // namespace millrace::app
