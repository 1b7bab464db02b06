#include "bridge/app/signature.h"

#include <algorithm>
#include <iterator>
#include <ostream>

#include "bridge/app/ask.h"
#include "bridge/app/check.h"
#include "bridge/protocols/contract.h"
#include "bridge/signature/text.h"

namespace millrace::app {
namespace {

void advise(std::ostream& out) {
    out << "Events go to it unchecked. To have them checked, write what it takes below `endpoint:`, for example\n\n"
        << signature::yaml_block(
               {.inputs = {{.name = "distance", .type = ElementType::float64, .optional = false, .shape = {}}},
                .outputs = {}},
               "  ")
        << "\nor, to have it so, `signature: none`.\n";
}

}  // namespace

int print_signature(const settings::Settings& settings, const std::string& pipeline_name, std::ostream& out) {
    const settings::Pipeline* const pipeline = choose_pipeline(settings, pipeline_name, out);
    if (pipeline == nullptr) return 2;
    if (!settings::has_endpoint(*pipeline)) {
        out << "pipeline " << pipeline->name << " has no endpoint\n";
        return 1;
    }
    const Signature& given = pipeline->endpoint.signature.given;
    const auto all = ask_signatures(settings, *pipeline, [&](std::size_t) { return given.inputs.empty(); });
    const Signature signature = signature_in_force(*pipeline, all);
    const auto first = std::ranges::find_if(all, &AddressSignature::told);
    if (given.inputs.empty() && first == all.end()) {
        for (const AddressSignature& one : all)
            out << "the signature of the endpoint at " << one.url << " is not known: " << one.why() << "\n";
        advise(out);
        return 1;
    }
    const std::string from =
        given.inputs.empty() ? protocols::contract_url(*pipeline, first->url) : "the configuration";
    out << "pipeline " << pipeline->name << ", signature from " << from << "\n\ntakes\n"
        << signature::table(signature.inputs, "  ") << "gives\n"
        << (signature.outputs.empty() ? "  (it does not say)\n" : signature::table(signature.outputs, "  "))
        << "\nin the configuration, below `endpoint:`\n\n"
        << signature::yaml_block(signature, "  ");
    auto found = judge_signatures(*pipeline, pipeline->name, all);
    if (const auto shadow = ask_shadow_signature(settings, *pipeline))
        std::ranges::move(judge_shadow_signature(*pipeline, pipeline->name, *shadow, signature),
                          std::back_inserter(found));
    for (const Finding& one : found)
        out << "\n" << (one.severity == Severity::error ? "does not fit: " : "note: ") << one.text << "\n";
    return std::ranges::any_of(found, [](const Finding& one) { return one.severity == Severity::error; }) ? 1 : 0;
}

}  // namespace millrace::app
