// Which pipelines a command about state is about. Pure; private to bridge/app.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/config/problem.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

using Pipelines = std::vector<const settings::Pipeline*>;

// Those that have state, or the one asked for; none, and a word on `err`, where that is nothing.
inline Pipelines pipelines_with_state(const settings::Settings& settings, const std::string& asked, std::ostream& err) {
    Pipelines found;
    std::string names;
    for (const settings::Pipeline& pipeline : settings.pipelines) {
        if (!settings::is_owned(pipeline)) continue;
        names += (names.empty() ? "" : ", ") + pipeline.name;
        if (asked.empty() || pipeline.name == asked) found.push_back(&pipeline);
    }
    if (names.empty()) {
        err << "error: no_state: no pipeline of this configuration keeps state (those with aggregates or ordered: true "
               "do)\n";
    } else if (found.empty()) {
        err << "error: --pipeline: " << config::quote(asked) << " is none of those that keep state (" << names << ")\n";
    }
    return found;
}

// The name of what is wrong and of what it is wrong with, on a line of its own.
inline void complain(std::ostream& err, const settings::Pipeline& pipeline, Partition partition,
                     std::string_view text) {
    err << "error: pipeline " << pipeline.name << ", partition " << partition << ": " << text << "\n";
}

}  // namespace millrace::app
