#include "bridge/app/tenancy.h"

#include <string>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/io/nats_wire.h"
#include "bridge/settings/outputs.h"

namespace millrace::app {
namespace {

using subjects::TenantSubject;
using Way = TenantSubject::Way;

subjects::SubjectTemplate parsed(std::string_view text) {
    auto made = subjects::SubjectTemplate::parse(text, subjects::Use::input);
    MILLRACE_CHECK(made.has_value(), made.error().text.c_str());
    return std::move(*made);
}

void add(subjects::Tenancy& out, TenantSubject subject) {
    if (subject.subject.has_tenant())
        out.subjects.push_back(std::move(subject));
    else
        out.closed.push_back(subject.subject.filter());
}

// A summary's keys are the tenant's token, and what follows it.
void add_summary(subjects::Tenancy& out, const settings::Pipeline& pipeline, const settings::OutputRow& row,
                 const std::string& field) {
    const std::string space = row.subject.substr(0, row.subject.size() - 1);  // without its >
    for (const char* keys : {"{tenant}", "{tenant}.>"})
        add(out,
            {pipeline.name, field, Way::subscribed, parsed(space + keys), row.stream, false, pipeline.tenants.allowed});
}

}  // namespace

subjects::Tenancy tenancy_of(const settings::Settings& settings) {
    subjects::Tenancy out;
    out.api = io::api_prefix(settings.nats);
    out.closed.push_back(io::inbox_prefix(settings.nats) + ".>");
    out.closed.push_back(out.api + ".>");
    for (std::size_t i = 0; i < settings.pipelines.size(); ++i) {
        const settings::Pipeline& pipeline = settings.pipelines[i];
        const std::string path = "pipelines[" + std::to_string(i) + "].";
        add(out, {pipeline.name,
                  path + "input.subject",
                  Way::published,
                  parsed(pipeline.input.subject),
                  {},
                  false,
                  pipeline.tenants.allowed});
        if (settings::has_audit(pipeline)) out.closed.push_back(pipeline.audit.subject);
        for (const settings::OutputRow& row : settings::outputs(pipeline)) {
            if (is_summary(row.output)) {
                add_summary(out, pipeline, row, path + row.field);
            } else {
                const bool stored = row.output != Output::state && !row.stream.empty();
                add(out, {pipeline.name, path + row.field, Way::subscribed, parsed(row.subject),
                          stored ? row.stream : std::string{}, stored, pipeline.tenants.allowed});
            }
        }
    }
    return out;
}

}  // namespace millrace::app
