#include "bridge/protocols/registry.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/protocols/azureml.h"
#include "bridge/protocols/cloudevents.h"
#include "bridge/protocols/json.h"
#include "bridge/protocols/jsonlines.h"
#include "bridge/protocols/mlflow.h"
#include "bridge/protocols/open_inference.h"
#include "bridge/protocols/openai_chat.h"
#include "bridge/protocols/openai_embeddings.h"
#include "bridge/protocols/tensorflow_serving.h"

namespace millrace::protocols {
namespace {

constexpr std::array kKinds = {
    &kAzureml,          &kCloudevents,       &kJson, &kJsonlines, &kMlflow, &kOpenInference, &kOpenaiChat,
    &kOpenaiEmbeddings, &kTensorflowServing,
};

std::string known() {
    std::string list;
    for (const Kind* kind : kKinds) list += (list.empty() ? "" : ", ") + std::string(kind->name);
    return list;
}

Result<std::unique_ptr<Protocol>> try_make(const settings::Pipeline& pipeline) {
    const std::string& name = pipeline.endpoint.protocol;
    const Kind* kind = find(name);
    if (kind == nullptr) {
        return fail(ErrorCode::invalid, "protocol: \"" + name + "\" is not known (known: " + known() + ')');
    }
    const auto body = check(*kind, pipeline);
    if (!body) return std::unexpected(body.error());
    return kind->make(pipeline, **body);
}

}  // namespace

std::span<const std::string_view> names() {
    static const auto kNames = [] {
        std::array<std::string_view, kKinds.size()> names;
        std::ranges::transform(kKinds, names.begin(), &Kind::name);
        return names;
    }();
    return kNames;
}

const Kind* find(std::string_view name) {
    const auto kind = std::ranges::find(kKinds, name, &Kind::name);
    return kind == kKinds.end() ? nullptr : *kind;
}

Result<void> check(const settings::Pipeline& pipeline) {
    auto made = try_make(pipeline);
    if (!made) return std::unexpected(std::move(made.error()));
    return {};
}

std::unique_ptr<Protocol> make(const settings::Pipeline& pipeline) {
    auto made = try_make(pipeline);
    MILLRACE_CHECK(made.has_value(), "the configuration was checked");
    return std::move(*made);
}

}  // namespace millrace::protocols
