#include "bridge/config/signature_value.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "bridge/config/cross_rules.h"
#include "bridge/config/document.h"
#include "bridge/config/source_text.h"
#include "bridge/signature/reader.h"
#include "bridge/signature/text.h"

namespace millrace::config {
namespace {

using settings::SignatureFrom;

void read_fields(const Value& value, const Node& from, const std::string& where, std::vector<SignatureField>& into) {
    if (from.kind != Node::Kind::map || from.entries.empty())
        return value.refuse(from, where, "must be a map of names to types (write for example {distance: float64})");
    for (const Entry& entry : from.entries) {
        const std::string inner = join(where, entry.key);
        const std::string* const type = value.scalar(entry.value, inner, "a type such as float64");
        if (type == nullptr) continue;
        auto field = signature::parse_field(entry.key, *type);
        if (!field) {
            value.refuse(entry.value, inner, field.error().text);
        } else {
            into.push_back(std::move(*field));
        }
    }
}

const Node* member(const Node& node, std::string_view key) {
    const auto found = std::ranges::find(node.entries, key, &Entry::key);
    return found == node.entries.end() ? nullptr : &found->value;
}

Result<std::string> text_of(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text = read_source(file);
    if (!file && !file.eof())
        return fail(ErrorCode::not_found, std::string("cannot be read: ") + std::strerror(errno == 0 ? EISDIR : errno));
    return text;
}

Result<Signature> read_model_file(const std::string& path) {
    const auto text = text_of(path);
    if (!text) return std::unexpected(text.error());
    Problems ignored(path);
    const auto document = parse_document(*text, ignored);
    const Node* const signature = document ? member(*document, "signature") : nullptr;
    const Node* const inputs = signature != nullptr ? member(*signature, "inputs") : nullptr;
    if (inputs == nullptr || inputs->kind != Node::Kind::scalar) {
        return fail(ErrorCode::invalid,
                    "has no signature with inputs (log the model with a signature, or write {inputs: …})");
    }
    const Node* const outputs = member(*signature, "outputs");
    const bool has_outputs = outputs != nullptr && outputs->kind == Node::Kind::scalar;
    return signature::read_mlflow(inputs->text, has_outputs ? outputs->text : "");
}

}  // namespace

void read_shape(const Value& value, const SignatureChoice& shape) {
    settings::SignatureSource& source = shape.at(value.target);
    if (value.node.kind != Node::Kind::map) {
        const std::string* found = value.scalar(value.node, value.path, "endpoint, none, or a map");
        if (found == nullptr) return;
        if (*found != "endpoint" && *found != "none")
            return value.refuse(quote(*found) + " is neither endpoint nor none (of a file write {file: " + *found +
                                "})");
        source.from = *found == "none" ? SignatureFrom::nowhere : SignatureFrom::endpoint;
        return;
    }
    const Node* const file = member(value.node, "file");
    const Node* const inputs = member(value.node, "inputs");
    for (const Entry& entry : value.node.entries) {
        if (entry.key == "file" || entry.key == "inputs" || entry.key == "outputs") continue;
        value.problems.add(
            entry.place, join(value.path, entry.key),
            "key " + quote(entry.key) + " is not known here (a signature has file, or inputs and outputs)");
    }
    if ((file == nullptr) == (inputs == nullptr))
        return value.refuse("must have either file or inputs (write for example {inputs: {distance: float64}})");
    if (file != nullptr) {
        source.from = SignatureFrom::file;
        const std::string* path = value.text(*file, join(value.path, "file"), nullptr);
        if (path != nullptr) source.file = *path;
        return;
    }
    source.from = SignatureFrom::here;
    read_fields(value, *inputs, join(value.path, "inputs"), source.given.inputs);
    if (const Node* const outputs = member(value.node, "outputs"))
        read_fields(value, *outputs, join(value.path, "outputs"), source.given.outputs);
}

std::string signature_schema() {
    const std::string fields = R"({"type": "object", "additionalProperties": {"type": "string", "pattern": )"
                               R"("^[a-z0-9]+(\\[[0-9]*\\])*\\??$"}, "minProperties": 1})";
    return R"([{"enum": ["endpoint", "none"]}, {"type": "object", "properties": {"file": {"type": "string", )"
           R"("minLength": 1}}, "required": ["file"], "additionalProperties": false}, {"type": "object", )"
           R"("properties": {"inputs": )" +
           fields + R"(, "outputs": )" + fields + R"(}, "required": ["inputs"], "additionalProperties": false}])";
}

void read_model_files(Reading& reading, Problems& problems) {
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        settings::SignatureSource& source = reading.settings.pipelines[i].endpoint.signature;
        if (source.from != SignatureFrom::file) continue;
        const std::string path = join("pipelines", i) + ".endpoint.signature";
        auto signature = read_model_file(source.file);
        if (!signature) {
            problems.add(place_of(reading.places, path), path, quote(source.file) + " " + signature.error().text);
        } else {
            source.given = std::move(*signature);
        }
    }
}

}  // namespace millrace::config
