// The rules of pipelines whose partitions have owners.
#include <string>
#include <vector>

#include "bridge/config/complaint.h"
#include "bridge/config/cross_rules.h"
#include "bridge/config/scalars.h"
#include "subjects/subject_template.h"

namespace millrace::config {
namespace {

using settings::Pipeline;

void check_state(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    if (complain.mentions(path + ".state") && !settings::is_owned(pipeline))
        complain(path + ".state", "has no effect without aggregates or ordered: true (remove it)");
    const settings::State& state = pipeline.state;
    if (!settings::is_owned(pipeline) || state.checkpoint_every < state.lease / 3) return;
    complain(path + ".state.checkpoint_every",
             duration_text(state.checkpoint_every) + " is not below a third of state.lease " +
                 duration_text(state.lease) + ", by which an owner is taken for lost (lower it, or raise the lease)");
}

void check_order(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    if (pipeline.ordered && !complain.mentions(path + ".endpoint")) {
        complain(path + ".ordered",
                 "orders results, and there is no endpoint to make any (remove it; aggregates are made in the order of "
                 "the stream anyway)");
    }
    if (pipeline.ordered && pipeline.bypass.to == settings::Bypass::To::results) {
        complain(path + ".bypass",
                 "'results' puts copies among results that are ordered: true, where they would stand in no order (give "
                 "them a subject of their own: bypass: {subject: \"bypass.{tenant}." +
                     pipeline.name + "\"})");
    }
    if (pipeline.results.as == settings::ResultsAs::batch && !pipeline.ordered) {
        complain(path + ".results.as",
                 "'batch' holds results that follow each other, and without order none do (add ordered: true to the "
                 "pipeline, or write as: event)");
    }
}

// What is stored already is told by the last message of a subject, which has to be the pipeline's own.
void check_sharing(const std::vector<Pipeline>& pipelines, const Complaints& complain) {
    const auto filter = [](const Pipeline& pipeline) {
        const auto parsed = subjects::SubjectTemplate::parse(pipeline.results.subject, subjects::Use::output);
        return parsed ? parsed->filter() : std::string();
    };
    for (std::size_t i = 0; i < pipelines.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (!pipelines[i].ordered && !pipelines[j].ordered) continue;
            const std::string here = filter(pipelines[i]);
            const std::string there = filter(pipelines[j]);
            if (here.empty() || there.empty() || !subjects::overlap(here, there)) continue;
            complain(join("pipelines", i) + ".results.subject",
                     quote(pipelines[i].results.subject) + " overlaps the results of pipeline " + pipelines[j].name +
                         ", and ordered results need subjects of their own (choose another)");
            break;
        }
    }
}

}  // namespace

void check_owned(const Reading& reading, Problems& problems) {
    const Complaints complain{reading.places, problems};
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        const std::string path = join("pipelines", i);
        check_state(reading.settings.pipelines[i], path, complain);
        check_order(reading.settings.pipelines[i], path, complain);
    }
    check_sharing(reading.settings.pipelines, complain);
}

}  // namespace millrace::config
