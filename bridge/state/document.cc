#include "bridge/state/document.h"

#include <simdjson.h>

#include <limits>
#include <optional>
#include <utility>

#include "bridge/base/text.h"

namespace millrace::state {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr std::string_view kFormat = "millrace-state";
constexpr std::uint64_t kVersion = 1;

std::unexpected<Error> damaged(const std::string& how) {
    return fail(ErrorCode::invalid, "document_damaged: " + how + " (export it again, or take another copy)");
}

// Everything but the digest, which is of exactly this.
std::string body(const Document& document) {
    std::string out = "{\"format\":\"" + std::string(kFormat) + "\",\"version\":" + std::to_string(kVersion);
    out += ",\n\"pipelines\":[";
    for (const PipelineState& pipeline : document.pipelines) {
        out += &pipeline == &document.pipelines.front() ? "\n{\"name\":" : ",\n{\"name\":";
        append_quoted(out, pipeline.name);
        out += ",\"layout\":";
        append_quoted(out, pipeline.layout);
        out += ",\"partitions\":[";
        for (const PartitionState& each : pipeline.partitions) {
            out += &each == &pipeline.partitions.front() ? "\n" : ",\n";
            out +=
                "{\"partition\":" + std::to_string(each.partition) + ",\"head\":\"" + base64(write(each.head)) + "\"}";
        }
        out += "]}";
    }
    return out + "]";
}

template <typename T>
std::optional<T> member(const element& object, std::string_view name) {
    T value{};
    if (object[name].get(value) != simdjson::SUCCESS) return {};
    return value;
}

Result<PartitionState> read_partition(const element& json) {
    const auto partition = member<std::uint64_t>(json, "partition");
    const auto bytes = member<std::string_view>(json, "head");
    if (!partition || *partition > std::numeric_limits<Partition>::max() || !bytes)
        return damaged("a partition lacks its number or its head");
    const std::string where = "partition " + std::to_string(*partition) + ": ";
    const auto decoded = exact_base64(*bytes);
    if (!decoded) return damaged(where + "its head is not written as base64 is");
    auto head = read_head(*decoded);
    if (!head) return fail(head.error().code, "document_damaged: " + where + head.error().text);
    if (head->base != 0 || head->parts != 0 || head->content.size() != head->content_size ||
        digest(head->content) != head->content_digest)
        return damaged(where + "its head is not one that holds everything");
    return PartitionState{static_cast<Partition>(*partition), std::move(*head)};
}

Result<PipelineState> read_pipeline(const element& json) {
    PipelineState pipeline;
    const auto name = member<std::string_view>(json, "name");
    const auto layout = member<std::string_view>(json, "layout");
    const auto partitions = member<array>(json, "partitions");
    if (!name || !layout || !partitions) return damaged("a pipeline lacks its name, layout or partitions");
    pipeline.name = *name;
    pipeline.layout = *layout;
    for (const element each : *partitions) {
        auto partition = read_partition(each);
        if (!partition) return std::unexpected(std::move(partition.error()));
        pipeline.partitions.push_back(std::move(*partition));
    }
    return pipeline;
}

}  // namespace

std::string write(const Document& document) {
    const std::string text = body(document);
    return text + ",\n\"digest\":\"" + hex(digest(text)) + "\"}\n";
}

Result<Document> read_document(std::string_view text) {
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(simdjson::padded_string(text)).get(root) != simdjson::SUCCESS)
        return damaged("it is not JSON, or not all of it is there");
    if (member<std::string_view>(root, "format") != kFormat)
        return damaged("its `format` is not \"" + std::string(kFormat) + "\"");
    const auto version = member<std::uint64_t>(root, "version");
    if (!version) return damaged("it has no `version`");
    if (*version != kVersion) {
        return fail(ErrorCode::invalid, "document_version: it has version " + std::to_string(*version) +
                                            ", and this program reads " + std::to_string(kVersion) +
                                            " (use a version of Millrace that knows it)");
    }
    const auto pipelines = member<array>(root, "pipelines");
    if (!pipelines) return damaged("it has no `pipelines`");
    Document document;
    for (const element each : *pipelines) {
        auto pipeline = read_pipeline(each);
        if (!pipeline) return std::unexpected(std::move(pipeline.error()));
        document.pipelines.push_back(std::move(*pipeline));
    }
    if (member<std::string_view>(root, "digest") != hex(digest(body(document))))
        return damaged("its digest does not match");
    return document;
}

}  // namespace millrace::state
