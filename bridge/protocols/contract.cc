#include "bridge/protocols/contract.h"

#include <utility>
#include <vector>

#include "bridge/protocols/registry.h"
#include "bridge/settings/field_path.h"
#include "bridge/signature/text.h"

namespace millrace::protocols {
namespace {

const Contract* contract_of(const settings::Pipeline& pipeline) {
    const Kind* const kind = find(pipeline.endpoint.protocol);
    return kind == nullptr ? nullptr : kind->contract;
}

// How the pipeline's requests are made; null where there is no such.
struct Form {
    const Kind* kind = nullptr;
    const Body* body = nullptr;
};

Form form_of(const settings::Pipeline& pipeline) {
    const Kind* const kind = find(pipeline.endpoint.protocol);
    return {kind, kind == nullptr ? nullptr : check(*kind, pipeline).value_or(nullptr)};
}

std::vector<SignatureField> carried_by(const Form& form, const settings::Pipeline& pipeline) {
    if (form.body == nullptr || form.kind->carries == nullptr) return {};
    return form.kind->carries(pipeline, *form.body);
}

}  // namespace

std::string contract_url(const settings::Pipeline& pipeline, const std::string& url) {
    const Contract* const contract = contract_of(pipeline);
    return contract == nullptr ? "" : contract->url(url);
}

Result<Signature> read_contract(const settings::Pipeline& pipeline, std::string_view document) {
    const Contract& contract = *contract_of(pipeline);
    return contract.read(document, contract.which == nullptr ? "" : contract.which(pipeline.endpoint));
}

signature::Match columns_of(const settings::Pipeline& pipeline, const Signature& signature) {
    std::vector<std::string> names;
    for (const settings::Feature& feature : pipeline.event.features) names.push_back(settings::key_of(feature.field));
    const Form form = form_of(pipeline);
    // The request calls columns after the features.
    const bool by_name =
        pipeline.endpoint.rows == settings::RowShape::records || (form.body != nullptr && form.body->named);
    signature::Match found = signature::match(signature, names, by_name);
    if (auto types = carried_by(form, pipeline); !types.empty()) found.columns = std::move(types);
    return found;
}

std::string misfit(const settings::Pipeline& pipeline, const Signature& rows_for, const Signature& taken) {
    const signature::Match wanted = columns_of(pipeline, taken);
    if (!wanted.problem.empty()) return wanted.problem;
    if (std::string complaint = signature::complaint(wanted); !complaint.empty()) return complaint;
    const std::vector<SignatureField> sent = columns_of(pipeline, rows_for).columns;
    for (std::size_t i = 0; i < sent.size() && i < wanted.columns.size(); ++i) {
        const SignatureField& takes = wanted.columns[i];
        if (sent[i].type == ElementType::any || takes.type == ElementType::any) continue;
        if (sent[i].type != takes.type || sent[i].shape != takes.shape || (sent[i].optional && !takes.optional))
            return settings::key_of(pipeline.event.features[i].field) + ": it takes " + signature::type_text(takes) +
                   ", and rows are made of " + signature::type_text(sent[i]);
    }
    return {};
}

std::vector<SignatureField> carried(const settings::Pipeline& pipeline) {
    return carried_by(form_of(pipeline), pipeline);
}

std::string_view without_query(std::string_view url) { return url.substr(0, url.find_first_of("?#")); }

std::string_view path_of(std::string_view url) {
    url = without_query(url);
    const std::size_t scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    const std::size_t slash = url.find('/');
    return slash == std::string_view::npos ? "/" : url.substr(slash);
}

}  // namespace millrace::protocols
