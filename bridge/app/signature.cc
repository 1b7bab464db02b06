#include "bridge/app/signature.h"

#include <ostream>

#include "bridge/app/ask.h"
#include "bridge/protocols/contract.h"
#include "bridge/settings/addresses.h"
#include "bridge/signature/text.h"

namespace millrace::app {
namespace {

void advise(std::ostream& out, const std::string& why) {
    out << "the endpoint's signature is not known: " << why << "\n"
        << "Events go to it unchecked. To have them checked, write what it takes below `endpoint:`, for example\n\n"
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
    Signature signature = pipeline->endpoint.signature.given;
    std::string from = "the configuration";
    if (signature.inputs.empty()) {
        auto read = ask_signature(settings, *pipeline);
        const bool found = read && read->what == engine::SignatureRead::What::found;
        if (!found) {
            advise(out, read ? read->why : read.error().text);
            return 1;
        }
        signature = std::move(read->signature);
        from = protocols::contract_url(*pipeline, settings::routes(pipeline->endpoint).addresses.front().url);
    }
    out << "pipeline " << pipeline->name << ", signature from " << from << "\n\ntakes\n"
        << signature::table(signature.inputs, "  ") << "gives\n"
        << (signature.outputs.empty() ? "  (it does not say)\n" : signature::table(signature.outputs, "  "))
        << "\nin the configuration, below `endpoint:`\n\n"
        << signature::yaml_block(signature, "  ");
    const signature::Match match = protocols::columns_of(*pipeline, signature);
    if (const std::string complaint = signature::complaint(match); !complaint.empty())
        out << "\n" << (match.problem.empty() ? "note: " : "does not fit: ") << complaint << "\n";
    return match.problem.empty() ? 0 : 1;
}

}  // namespace millrace::app
