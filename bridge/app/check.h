// `millrace check`, online: looks at the server and the endpoints and says what would break the promise, what would
// keep the bridge from working, and what is merely unwise. Touches nothing.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bridge/app/survey.h"
#include "bridge/base/result.h"
#include "bridge/config/problem.h"
#include "bridge/engine/input.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

using config::Severity;

struct Finding {
    Severity severity = Severity::error;
    std::string path;  // pipelines[0].input.stream
    std::string text;
};

// What one pipeline's surroundings deserve. Pure.
std::vector<Finding> judge(const settings::Pipeline& pipeline, const std::string& path, const PipelineSurvey& seen);

// What the endpoint says it takes, beside what is configured. Pure.
std::vector<Finding> judge_signature(const settings::Pipeline& pipeline, const std::string& path,
                                     const Result<engine::SignatureRead>& read);

// Looks at the server and the endpoints, for a few seconds at most; the server's version goes to `out`.
std::vector<Finding> examine(const settings::Settings& settings, std::ostream& out);

}  // namespace millrace::app
