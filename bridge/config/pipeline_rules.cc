#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/config/complaint.h"
#include "bridge/settings/field_path.h"
#include "bridge/settings/outputs.h"
#include "subjects/subject_template.h"

namespace millrace::config {
namespace {

using settings::key_of;
using settings::Pipeline;
using subjects::SubjectTemplate;
using subjects::Use;

// A subject of a pipeline as a filter that covers every tenant and partition; empty when it was refused.
struct Filter {
    std::string path;
    std::string text;
    std::string filter;
};

Filter filter_of(const std::string& path, const std::string& text, Use use) {
    const auto parsed = SubjectTemplate::parse(text, use);
    return {path, text, parsed ? parsed->filter() : std::string()};
}

bool overlap(const Filter& a, const Filter& b) {
    return !a.filter.empty() && !b.filter.empty() && subjects::overlap(a.filter, b.filter);
}

struct Flow {
    std::string name;
    Filter input;
    std::vector<Filter> outputs;
};

Flow flow_of(const Pipeline& pipeline, const std::string& path) {
    Flow flow{pipeline.name, filter_of(path + ".input.subject", pipeline.input.subject, Use::input), {}};
    for (const settings::OutputRow& row : settings::publications(pipeline)) {
        flow.outputs.push_back(filter_of(path + "." + row.field, row.subject, Use::input));  // the state's is a filter
    }
    return flow;
}

// Whether what `from` publishes comes to `to` in the end, over any number of pipelines.
bool reaches(const std::vector<Flow>& flows, std::size_t from, std::size_t to) {
    std::vector<std::size_t> open = {from};
    std::set<std::size_t> seen;
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        if (at == to) return true;
        if (!seen.insert(at).second) continue;
        for (std::size_t next = 0; next < flows.size(); ++next) {
            for (const Filter& output : flows[at].outputs) {
                if (overlap(output, flows[next].input)) open.push_back(next);
            }
        }
    }
    return false;
}

void check_loops(const std::vector<Flow>& flows, const Complaints& complain) {
    for (std::size_t from = 0; from < flows.size(); ++from) {
        for (const Filter& output : flows[from].outputs) {
            for (std::size_t to = 0; to < flows.size(); ++to) {
                if (!overlap(output, flows[to].input) || !reaches(flows, to, from)) continue;
                const bool itself = from == to;
                complain(output.path, quote(output.text) + " is read again by " +
                                          (itself ? "this pipeline's input.subject "
                                                  : "pipeline " + flows[to].name + ", which feeds this one, as ") +
                                          quote(flows[to].input.text) +
                                          ", a loop without end (publish under a subject of its own)");
                break;
            }
        }
    }
}

void check_outputs_apart(const Flow& flow, const Complaints& complain) {
    for (std::size_t i = 0; i < flow.outputs.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (!overlap(flow.outputs[i], flow.outputs[j])) continue;
            complain(flow.outputs[i].path,
                     quote(flow.outputs[i].text) + " overlaps " + quote(flow.outputs[j].text) +
                         ", so that readers could not tell them apart (give each a subject of its own)");
            break;
        }
    }
}

void check_partitions(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    const auto parsed = SubjectTemplate::parse(pipeline.input.subject, Use::input);
    if (!parsed) return;
    if (pipeline.partitions > 1 && !parsed->has_partition()) {
        complain(path + ".input.subject",
                 quote(pipeline.input.subject) + " has no {partition} token, but partitions is " +
                     std::to_string(pipeline.partitions) + " (write for example events.{partition}.{tenant}.trips)");
    }
    if (pipeline.partitions == 1 && parsed->has_partition()) {
        complain(path + ".input.subject", quote(pipeline.input.subject) +
                                              " has a {partition} token, but partitions is 1 (set partitions, or "
                                              "write * for a token that does not matter)");
    }
}

// Scores need an endpoint and somewhere to go.
void check_scoring(const std::string& path, const Complaints& complain) {
    const bool scored = complain.mentions(path + ".endpoint");
    const bool aggregated = complain.mentions(path + ".aggregates");
    if (scored && !complain.mentions(path + ".results")) {
        complain(path + ".results", "is required (write for example results: {subject: results.{tenant}.scores})");
    }
    if (!scored && !aggregated) {
        complain(path + ".endpoint",
                 "is required, or else aggregates (write for example endpoint: {url: http://127.0.0.1:5001/score})");
    }
    if (scored || !aggregated) return;
    for (const char* const field : {".results", ".event.features", ".audit"}) {
        if (complain.mentions(path + field))
            complain(path + field, "has no effect without an endpoint, where scores come from (remove it)");
    }
}

// Events that `where` does not select need somewhere to go, and those that go there a `where`.
void check_selection(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    if (!complain.mentions(path + ".bypass")) return;
    if (!complain.mentions(path + ".where")) {
        complain(path + ".bypass", "has no effect without where, which says what goes there (add it, or remove this)");
    }
    if (pipeline.bypass.to != settings::Bypass::To::results) return;
    if (!complain.mentions(path + ".endpoint")) {
        complain(path + ".bypass", "is results, but there are none without an endpoint (write {subject: …})");
    }
    for (const std::string& field : pipeline.results.include_fields) {
        if (key_of(field) != "bypassed") continue;
        complain(path + ".results.include", quote(field) +
                                                " would be called 'bypassed' in a result, which says there "
                                                "that it has no score (leave it out)");
    }
}

void check_fields(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    check_keys(pipeline.results.include_fields, path + ".results.include", "a result", complain);
    for (const std::string& field : pipeline.results.include_fields) {
        if (key_of(field) != "score") continue;
        complain(path + ".results.include",
                 quote(field) + " would be called 'score' in a result, where the score stands (leave it out)");
    }
    if (pipeline.endpoint.rows != settings::RowShape::records) return;
    std::vector<std::string> features;
    for (const settings::Feature& feature : pipeline.event.features) features.push_back(feature.field);
    check_keys(features, path + ".event.features", "a record", complain);
}

}  // namespace

void check_keys(const std::vector<std::string>& fields, const std::string& path, std::string_view where,
                const Complaints& complain) {
    std::map<std::string, std::string> seen;
    for (const std::string& field : fields) {
        const auto [first, fresh] = seen.emplace(key_of(field), field);
        if (fresh) continue;
        complain(path, quote(field) + " and " + quote(first->second) + " are both called " + quote(first->first) +
                           " in " + std::string(where) + " (choose one)");
        return;
    }
}

void check_pipelines(const Reading& reading, Problems& problems) {
    const Complaints complain{reading.places, problems};
    std::vector<Flow> flows;
    std::map<std::string, std::string> names;
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        const Pipeline& pipeline = reading.settings.pipelines[i];
        const std::string path = join("pipelines", i);
        const auto [first, fresh] = names.emplace(pipeline.name, path);
        if (!fresh && !pipeline.name.empty()) {
            complain(path + ".name", quote(pipeline.name) + " is the name of " + first->second +
                                         " already (choose another: consumers are called after it)");
        }
        check_scoring(path, complain);
        check_partitions(pipeline, path, complain);
        check_fields(pipeline, path, complain);
        check_selection(pipeline, path, complain);
        flows.push_back(flow_of(pipeline, path));
        check_outputs_apart(flows.back(), complain);
    }
    check_loops(flows, complain);
}

}  // namespace millrace::config
