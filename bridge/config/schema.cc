#include "bridge/config/schema.h"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/codec/json_text.h"
#include "bridge/config/aggregate_values.h"
#include "bridge/config/field.h"
#include "bridge/config/json_text.h"
#include "bridge/config/scalars.h"
#include "bridge/config/signature_value.h"

namespace millrace::config {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;  // name and raw JSON

std::string object(const Members& members, std::size_t indent) {
    if (members.empty()) return "{}";
    const std::string lead(indent + 2, ' ');
    std::string text = "{";
    for (const auto& [name, value] : members) {
        text += (text.size() == 1 ? "\n" : ",\n") + lead + codec::quoted(name) + ": " + value;
    }
    return text + "\n" + std::string(indent, ' ') + "}";
}

std::string list(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) text += (text.size() == 1 ? "" : ", ") + item;
    return text + "]";
}

std::string names_list(std::span<const std::string_view> names) {
    std::vector<std::string> items;
    for (const std::string_view name : names) {
        items.push_back(codec::quoted(name));
        if (name == "null") items.emplace_back("null");  // without quotes YAML calls it null
    }
    return list(items);
}

constexpr std::string_view kText = R"({"type": "string", "minLength": 1})";

// What a shape adds to its field's schema.
struct Constraints {
    Members operator()(const Section&) const { return {}; }  // written by SchemaWriter
    Members operator()(const Sections&) const { return {}; }
    Members operator()(const Text&) const { return {{"type", R"("string")"}}; }
    Members operator()(const File&) const { return {{"type", R"("string")"}, {"minLength", "1"}}; }
    Members operator()(const TextList&) const {
        return {{"type", R"("array")"}, {"items", std::string(kText)}, {"minItems", "1"}, {"uniqueItems", "true"}};
    }
    Members operator()(const TextMap&) const {
        return {{"type", R"("object")"}, {"additionalProperties", R"({"type": "string"})"}};
    }
    Members operator()(const Registered& shape) const { return {{"enum", names_list(shape.names())}}; }
    Members operator()(const Choice& shape) const { return {{"enum", names_list(shape.names)}}; }
    Members operator()(const Whole& shape) const {
        return {{"type", R"("integer")"},
                {"minimum", std::to_string(shape.least)},
                {"maximum", std::to_string(shape.most)}};
    }
    Members operator()(const Number& shape) const {
        return {{"type", R"("number")"}, {"minimum", number_text(shape.least)}, {"maximum", number_text(shape.most)}};
    }
    Members operator()(const Size& shape) const {
        return {{"type", R"(["integer", "string"])"},
                {"minimum", std::to_string(shape.least)},
                {"maximum", std::to_string(shape.most)},
                {"pattern", R"("^[0-9]+(KiB|MiB|GiB)?$")"}};
    }
    Members operator()(const Wait& shape) const {
        Members members = {{"type", R"("string")"}, {"pattern", R"("^([0-9]+(ms|s|m|h)|0)$")"}};
        if (shape.least == Duration{})
            members = {{"type", R"(["string", "integer"])"}, members[1], {"maximum", "0"}, {"minimum", "0"}};
        return members;
    }
    Members operator()(const WaitOrNone& shape) const {
        MILLRACE_CHECK(shape.least == Duration{}, "the pattern knows 0");
        return {{"type", R"(["string", "integer"])"},
                {"pattern", R"("^([0-9]+(ms|s|m|h)|0|unlimited)$")"},
                {"maximum", "0"},
                {"minimum", "0"}};
    }
    Members operator()(const Flag&) const { return {{"type", R"("boolean")"}}; }
    Members operator()(const Json& shape) const {
        return shape.map_only ? Members{{"type", R"("object")"}} : Members{};
    }
    Members operator()(const StartPoint&) const {
        return {{"anyOf", R"([{"enum": ["all", "new"]}, {"type": "integer", "minimum": 1}, )"
                          R"({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T"}])"}};
    }
    Members operator()(const FeatureList&) const {
        return {{"type", R"("array")"},
                {"minItems", "1"},
                {"items",
                 R"({"anyOf": [{"type": "string", "minLength": 1}, {"type": "object", "properties": {"field": )" +
                     std::string(kText) + R"(, "default": {"type": ["string", "number", "boolean", "null"]}}, )" +
                     R"("required": ["field"], "additionalProperties": false}, {"type": "object", "properties": )" +
                     R"({"default": {"type": ["string", "number", "boolean", "null"]}}, "additionalProperties": )" +
                     std::string(kText) + R"(, "minProperties": 1, "maxProperties": 2}]})"}};
    }
    Members operator()(const ExpressionText&) const { return {{"type", R"("string")"}, {"minLength", "1"}}; }
    Members operator()(const BypassChoice&) const {
        return {{"anyOf", R"([{"enum": ["results"]}, {"type": "object", "properties": {"subject": )" +
                              std::string(kText) + R"(}, "required": ["subject"], "additionalProperties": false}])"}};
    }
    Members operator()(const IncludeChoice&) const {
        return {{"anyOf", R"([{"enum": ["none", "all"]}, {"type": "array", "items": )" + std::string(kText) +
                              R"(, "minItems": 1, "uniqueItems": true}])"}};
    }
    Members operator()(const SignatureChoice&) const { return {{"anyOf", signature_schema()}}; }
    Members operator()(const WindowChoice&) const { return {{"anyOf", window_schema()}}; }
    Members operator()(const SelectMap&) const {
        return {{"type", R"("object")"}, {"additionalProperties", std::string(kText)}, {"minProperties", "1"}};
    }
    Members operator()(const HavingList&) const {
        return {{"anyOf", "[" + std::string(kText) + R"(, {"type": "array", "items": )" + std::string(kText) +
                              R"(, "minItems": 1}])"}};
    }
};

std::string default_json(const Field& field) {
    Problems problems("default");
    const auto node = parse_document(field.initial, problems);
    const auto raw = node ? json_text(*node, std::string(field.path), problems) : std::nullopt;
    MILLRACE_CHECK(raw.has_value(), "the defaults of the field table are YAML");
    return *raw;
}

std::string section_schema(std::string_view path, const Members& opening, std::size_t indent);

std::string field_schema(const Field& field, std::size_t indent) {
    const Members opening = {{"description", codec::quoted(field.doc)}};
    if (std::holds_alternative<Section>(field.shape)) return section_schema(field.path, opening, indent);
    Members members = opening;
    if (std::holds_alternative<Sections>(field.shape)) {
        members.emplace_back("type", R"("array")");
        members.emplace_back("minItems", "1");
        members.emplace_back("items", section_schema(field.inner_path(), {}, indent + 2));
        return object(members, indent);
    }
    for (auto& member : std::visit(Constraints{}, field.shape)) members.push_back(std::move(member));
    if (!field.initial.empty() && !field.named_after()) members.emplace_back("default", default_json(field));
    if (!field.example.empty() && field.example != field.initial) {
        Problems problems("example");
        const auto node = parse_document(field.example, problems);
        if (const auto raw = node ? json_text(*node, "", problems) : std::nullopt)
            members.emplace_back("examples", "[" + *raw + "]");
    }
    return object(members, indent);
}

std::string section_schema(std::string_view path, const Members& opening, std::size_t indent) {
    Members properties;
    std::vector<std::string> required;
    for (const Field& field : fields()) {
        if (field.parent() != path) continue;
        properties.emplace_back(field.name(), field_schema(field, indent + 4));
        if (field.required) required.push_back(codec::quoted(field.name()));
    }
    Members members = opening;
    members.emplace_back("type", R"("object")");
    members.emplace_back("properties", object(properties, indent + 2));
    if (!required.empty()) members.emplace_back("required", list(required));
    members.emplace_back("additionalProperties", "false");
    return object(members, indent);
}

}  // namespace

std::string json_schema() {
    const Members opening = {{"$schema", R"("http://json-schema.org/draft-07/schema#")"},
                             {"title", R"("Millrace configuration")"}};
    return section_schema("", opening, 0) + "\n";
}

}  // namespace millrace::config
