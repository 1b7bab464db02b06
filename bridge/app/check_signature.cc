#include "bridge/app/check_rules.h"
#include "bridge/protocols/contract.h"
#include "bridge/signature/text.h"

namespace millrace::app {

std::vector<Finding> judge_signature(const settings::Pipeline& pipeline, const std::string& path,
                                     const Result<engine::SignatureRead>& read) {
    constexpr std::string_view kField = "endpoint.signature";
    Findings found(path);
    const Signature& given = pipeline.endpoint.signature.given;
    const bool published = read && read->what == engine::SignatureRead::What::found;
    if (!published && given.inputs.empty()) {
        found.add(Severity::note, kField,
                  "the endpoint's signature is not known: " + (read ? read->why : read.error().text) + "; " +
                      std::string(protocols::kNoSignature));
        return std::move(found).take();
    }
    const Signature& in_force = given.inputs.empty() ? read->signature : given;
    const signature::Match match = protocols::columns_of(pipeline, in_force);
    if (const std::string complaint = signature::complaint(match); !complaint.empty()) {
        found.add(match.problem.empty() ? Severity::warning : Severity::error, "event.features",
                  complaint + "; the endpoint takes " + signature::one_line(in_force.inputs));
    }
    if (published && !given.inputs.empty() && given.inputs != read->signature.inputs) {
        found.add(Severity::warning, kField,
                  "is not what the endpoint publishes: " + signature::one_line(read->signature.inputs));
    }
    return std::move(found).take();
}

}  // namespace millrace::app
