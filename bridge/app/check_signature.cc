#include <algorithm>

#include "bridge/app/ask.h"
#include "bridge/app/check_rules.h"
#include "bridge/protocols/contract.h"
#include "bridge/settings/addresses.h"
#include "bridge/signature/text.h"

namespace millrace::app {
namespace {

constexpr std::string_view kField = "endpoint.signature";

// Each address by itself, where there are several to tell apart.
void judge_each(const std::vector<AddressSignature>& all, const Signature& in_force, Findings& found) {
    for (const AddressSignature& one : all) {
        const std::string at = "the signature of the endpoint at " + one.url;
        if (!one.told()) {
            found.add(Severity::note, one.field, at + " is not known: " + one.why());
        } else if (one.read->signature.inputs == in_force.inputs) {
            found.add(Severity::note, one.field, at + " is " + signature::one_line(in_force.inputs));
        } else {
            found.add(Severity::error, one.field,
                      at + " is another one: expected " + signature::one_line(in_force.inputs) + "; found " +
                          signature::one_line(one.read->signature.inputs) +
                          " (deploy the same model at every address)");
        }
    }
}

}  // namespace

std::vector<AddressSignature> ask_signatures(const settings::Settings& settings, const settings::Pipeline& pipeline,
                                             const std::function<bool(std::size_t)>& reached) {
    const settings::Routes routes = settings::routes(pipeline.endpoint);
    std::vector<AddressSignature> all;
    for (const std::size_t a : routes.routes.front().addresses) {
        if (reached(a))
            all.push_back({routes.fields[a], routes.addresses[a].url, ask_signature(settings, pipeline, a)});
    }
    return all;
}

std::optional<AddressSignature> ask_shadow_signature(const settings::Settings& settings,
                                                     const settings::Pipeline& pipeline) {
    if (!settings::has_shadow(pipeline)) return std::nullopt;
    return AddressSignature{"endpoint.shadow.url", pipeline.endpoint.shadow.address.url,
                            ask_signature(settings, settings::with_shadow_as_endpoint(pipeline))};
}

Signature signature_in_force(const settings::Pipeline& pipeline, const std::vector<AddressSignature>& all) {
    const Signature& given = pipeline.endpoint.signature.given;
    const auto first = std::ranges::find_if(all, &AddressSignature::told);
    return !given.inputs.empty() || first == all.end() ? given : first->read->signature;
}

std::vector<Finding> judge_signatures(const settings::Pipeline& pipeline, const std::string& path,
                                      const std::vector<AddressSignature>& all) {
    Findings found(path);
    const Signature& given = pipeline.endpoint.signature.given;
    const Signature in_force = signature_in_force(pipeline, all);
    if (in_force.inputs.empty() && std::ranges::none_of(all, &AddressSignature::told)) {
        found.add(Severity::note, kField,
                  "the endpoint's signature is not known: " + all.front().why() + "; " +
                      std::string(protocols::kNoSignature));
        return std::move(found).take();
    }
    const signature::Match match = protocols::columns_of(pipeline, in_force);
    if (const std::string complaint = signature::complaint(match); !complaint.empty()) {
        found.add(match.problem.empty() ? Severity::warning : Severity::error, "event.features",
                  complaint + "; the endpoint takes " + signature::one_line(in_force.inputs));
    }
    if (given.inputs.empty()) {
        if (all.size() > 1) judge_each(all, in_force, found);
        return std::move(found).take();
    }
    for (const AddressSignature& one : all) {
        if (!one.told() || one.read->signature.inputs == given.inputs) continue;
        found.add(Severity::warning, kField,
                  "is not what the endpoint" + (all.size() > 1 ? " at " + one.url : std::string()) +
                      " publishes: " + signature::one_line(one.read->signature.inputs));
    }
    return std::move(found).take();
}

std::vector<Finding> judge_shadow_signature(const settings::Pipeline& pipeline, const std::string& path,
                                            const AddressSignature& shadow, const Signature& in_force) {
    Findings found(path);
    if (!shadow.told()) {
        found.add(Severity::note, shadow.field, "the candidate's signature is not known: " + shadow.why());
        return std::move(found).take();
    }
    const std::string misfit =
        protocols::misfit(settings::with_shadow_as_endpoint(pipeline), in_force, shadow.read->signature);
    if (!misfit.empty()) {
        found.add(Severity::warning, shadow.field,
                  "the candidate does not take what it is sent: " + misfit + "; it takes " +
                      signature::one_line(shadow.read->signature.inputs) + " (its copies will fail, and nothing else)");
    }
    return std::move(found).take();
}

}  // namespace millrace::app
