#include "bridge/signature/match.h"

#include <algorithm>

namespace millrace::signature {
namespace {

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i == 0 ? "'" : ", '") + names[i] + "'";
    if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
    return text;
}

// One input of all features.
Match vector_of(const SignatureField& input, std::size_t features) {
    Match found;
    SignatureField column;
    column.type = input.type;
    found.columns.assign(features, column);
    const std::int64_t width = input.shape.back();
    if (input.shape.size() > 1) {
        found.columns.clear();
        found.problem = "a row is to have " + std::to_string(input.shape.size()) + " dimensions, rows here have one";
    } else if (width >= 0 && static_cast<std::size_t>(width) != features) {
        found.problem =
            "a row is to have " + std::to_string(width) + " values, event.features has " + std::to_string(features);
    }
    return found;
}

Match by_names(const Signature& signature, std::span<const std::string> features) {
    Match found;
    for (const std::string& feature : features) {
        const auto input = std::ranges::find(signature.inputs, feature, &SignatureField::name);
        if (input == signature.inputs.end()) {
            found.extra.push_back(feature);
            found.columns.push_back({.name = feature, .type = {}, .optional = false, .shape = {}});
        } else {
            found.columns.push_back(*input);
        }
    }
    for (const SignatureField& input : signature.inputs) {
        if (!input.optional && std::ranges::find(features, input.name) == features.end())
            found.missing.push_back(input.name);
    }
    if (!found.missing.empty()) found.problem = "event.features lacks " + listed(found.missing);
    return found;
}

}  // namespace

Match match(const Signature& signature, std::span<const std::string> features, bool by_name) {
    if (signature.inputs.empty()) return {};
    if (features.empty()) {
        const bool named = std::ranges::none_of(signature.inputs, &std::string::empty, &SignatureField::name);
        return named ? Match{.columns = signature.inputs, .missing = {}, .extra = {}, .problem = {}} : Match{};
    }
    if (signature.inputs.size() == 1 && !signature.inputs.front().shape.empty())
        return vector_of(signature.inputs.front(), features.size());
    Match found = by_names(signature, features);
    if (by_name || (found.missing.empty() && found.extra.empty())) return found;
    if (signature.inputs.size() != features.size()) {
        found.extra.clear();
        found.problem = "a row is to have " + std::to_string(signature.inputs.size()) + " values, event.features has " +
                        std::to_string(features.size());
        return found;
    }
    return {.columns = signature.inputs, .missing = {}, .extra = {}, .problem = {}};
}

std::string complaint(const Match& match) {
    if (!match.problem.empty()) return match.problem;
    return match.extra.empty() ? "" : "the endpoint knows no " + listed(match.extra);
}

}  // namespace millrace::signature
