#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "bridge/codec/render_aggregate.h"
#include "bridge/config/complaint.h"
#include "bridge/config/scalars.h"
#include "bridge/settings/field_path.h"
#include "subjects/subject_template.h"

namespace millrace::config {
namespace {

using settings::key_of;
using settings::Pipeline;

// Fields that serve windows only.
constexpr std::array<std::string_view, 7> kOfAggregates = {
    ".event.timestamp",   ".event.timestamp_unit", ".event.out_of_order_tolerance", ".event.late_arrival_tolerance",
    ".event.early_limit", ".event.on_late",        ".event.late_subject",
};

void check_unused(const std::string& path, const Complaints& complain) {
    if (complain.mentions(path + ".aggregates")) return;
    for (const std::string_view field : kOfAggregates) {
        const std::string where = path + std::string(field);
        if (complain.mentions(where)) complain(where, "has no effect without aggregates (remove it)");
    }
}

void check_times(const Pipeline& pipeline, const std::string& path, const Complaints& complain) {
    const settings::Event& event = pipeline.event;
    if (complain.mentions(path + ".event.timestamp_unit") && !complain.mentions(path + ".event.timestamp")) {
        complain(path + ".event.timestamp_unit", "has no effect without event.timestamp (add it, or remove this)");
    }
    const bool wants_copies = event.on_late == settings::OnLate::subject;
    const bool has_subject = complain.mentions(path + ".event.late_subject");
    if (wants_copies && !has_subject) {
        complain(path + ".event.on_late", "'subject' needs event.late_subject (add it)");
    }
    if (!wants_copies && has_subject) {
        complain(path + ".event.late_subject",
                 quote(event.late_subject) + " has no effect without event.on_late: subject (add it, or remove this)");
    }
}

void check_summary_members(const Aggregate& aggregate, const std::string& path, const Complaints& complain) {
    for (const std::string_view name : codec::kSummaryMembers) {
        const auto is_so_called = [&](const std::string& field) { return key_of(field) == name; };
        const std::string rule = quote(std::string(name)) + " stands by itself in the values of kv_bucket ";
        if (std::ranges::any_of(aggregate.group_by, is_so_called))
            complain(path + ".group_by", rule + "(leave it out)");
        if (std::ranges::find(aggregate.select, name, &Select::name) != aggregate.select.end())
            complain(join(path + ".select", std::string(name)), rule + "(choose another name)");
    }
}

// Group fields and selects are members of one JSON object, beside those every aggregate has.
void check_members(const Aggregate& aggregate, const std::string& path, const Complaints& complain) {
    check_keys(aggregate.group_by, path + ".group_by", "an aggregate", complain);
    if (!aggregate.kv_bucket.empty()) check_summary_members(aggregate, path, complain);
    for (const std::string& field : aggregate.group_by) {
        const std::string key = key_of(field);
        if (std::ranges::find(codec::kAggregateMembers, key) != codec::kAggregateMembers.end()) {
            complain(path + ".group_by", quote(field) + " would be called " + quote(key) +
                                             " in an aggregate, where that stands by itself (leave it out)");
        } else if (std::ranges::find(aggregate.select, key, &Select::name) != aggregate.select.end()) {
            complain(join(path + ".select", key),
                     quote(key) + " is what a group_by field is called already (choose another name)");
        }
    }
}

void check_operands(const Aggregate& aggregate, const std::string& path, bool scored, const Complaints& complain) {
    for (const Select& select : aggregate.select) {
        if (scored || select.operand.from != Operand::From::score) continue;
        complain(join(path + ".select", select.name),
                 "is of the score, and there is no endpoint (a field of the event called score is /score)");
    }
}

// All of a tenant is in one partition, and the tenant is part of every group, unless a person says otherwise.
void check_partial(const Pipeline& pipeline, const Aggregate& aggregate, const std::string& path,
                   const Complaints& complain) {
    if (!aggregate.partial) return;
    if (pipeline.partitions == 1) {
        complain(path + ".partial", "has no effect with one partition (remove it)");
    }
    const auto subject = subjects::SubjectTemplate::parse(aggregate.subject, subjects::Use::output);
    if (subject && !subject->has_partition()) {
        complain(path + ".partial",
                 "needs {partition} in subject, where the parts are told apart (write for example "
                 "subject: aggregates.{partition}.{tenant}." +
                     aggregate.name + ")");
    }
}

}  // namespace

void check_aggregates(const Reading& reading, Problems& problems) {
    const Complaints complain{reading.places, problems};
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        const Pipeline& pipeline = reading.settings.pipelines[i];
        const std::string path = join("pipelines", i);
        check_unused(path, complain);
        if (pipeline.aggregates.empty()) continue;
        check_times(pipeline, path, complain);
        std::map<std::string, std::string> names;
        for (std::size_t a = 0; a < pipeline.aggregates.size(); ++a) {
            const Aggregate& aggregate = pipeline.aggregates[a];
            const std::string where = join(path + ".aggregates", a);
            const auto [first, fresh] = names.emplace(aggregate.name, where);
            if (!fresh && !aggregate.name.empty()) {
                complain(where + ".name",
                         quote(aggregate.name) + " is the name of " + first->second + " already (choose another)");
            }
            check_members(aggregate, where, complain);
            check_operands(aggregate, where, complain.mentions(path + ".endpoint"), complain);
            check_partial(pipeline, aggregate, where, complain);
        }
    }
}

}  // namespace millrace::config
