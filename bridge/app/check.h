// `millrace check`, online: looks at the server and the endpoints and says what would break the promise, what would
// keep the bridge from working, and what is merely unwise. Touches nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
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

// What one address says it takes.
struct AddressSignature {
    std::string field;  // where its url stands, below the pipeline
    std::string url;
    Result<engine::SignatureRead> read;

    [[nodiscard]] bool told() const { return read && read->what == engine::SignatureRead::What::found; }
    [[nodiscard]] const std::string& why() const { return read ? read->why : read.error().text; }
};
// Of each address of the pipeline's own route that `reached` says yes to.
std::vector<AddressSignature> ask_signatures(const settings::Settings& settings, const settings::Pipeline& pipeline,
                                             const std::function<bool(std::size_t)>& reached);
// The candidate's; nothing where there is none.
std::optional<AddressSignature> ask_shadow_signature(const settings::Settings& settings,
                                                     const settings::Pipeline& pipeline);
// What all are held against: what is configured, or what the first says that tells. Nothing in it where none does.
Signature signature_in_force(const settings::Pipeline& pipeline, const std::vector<AddressSignature>& all);

// What the addresses say they take, beside what is configured and beside one another. Pure. Requires: there is one.
std::vector<Finding> judge_signatures(const settings::Pipeline& pipeline, const std::string& path,
                                      const std::vector<AddressSignature>& all);
// Whether the candidate takes what it is sent: never more than a warning. Pure.
std::vector<Finding> judge_shadow_signature(const settings::Pipeline& pipeline, const std::string& path,
                                            const AddressSignature& shadow, const Signature& in_force);

// Looks at the server and the endpoints, for a few seconds at most; the server's version goes to `out`.
std::vector<Finding> examine(const settings::Settings& settings, std::ostream& out);

}  // namespace millrace::app
