#include "bridge/config/list_values.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "bridge/config/expression_values.h"
#include "bridge/config/json_text.h"
#include "bridge/config/rules.h"
#include "bridge/config/suggest.h"

namespace millrace::config {
namespace {

constexpr std::array<std::string_view, 2> kMembers = {"field", "default"};

std::optional<std::string> computed_name(std::string_view name) {
    if (auto mistake = rules::field_name(name)) return mistake;
    if (!name.starts_with('/')) return std::nullopt;
    return quote(name) + " is a JSON Pointer, but must be the name of a computed feature (write for example miles)";
}

void read_default(const Value& value, const Node& node, const std::string& where, settings::Feature& feature) {
    if (node.kind == Node::Kind::list || node.kind == Node::Kind::map) {
        value.refuse(node, where, "must be a number, a text, true, false or null");
    } else {
        feature.fallback = json_text(node, where, value.problems);
    }
}

// {miles: distance * 0.621371}
void read_computed(const Value& value, const Node& map, const Entry& entry, const std::string& where,
                   settings::Feature& feature) {
    const std::string inner = join(where, entry.key);
    if (auto mistake = computed_name(entry.key)) return value.problems.add(entry.place, inner, std::move(*mistake));
    const bool cut =
        std::ranges::any_of(map.entries, [](const Entry& other) { return other.value.kind == Node::Kind::absent; });
    const std::string_view hint = cut ? "between braces YAML ends a value at a comma: put it in quotes" : "";
    if (auto text = read_expression(value, entry.value, inner, false, hint)) {
        feature.field = entry.key;
        feature.expression = *std::move(text);
    }
}

settings::Feature read_feature(const Value& value, const Node& node, const std::string& where) {
    settings::Feature feature;
    if (node.kind != Node::Kind::map) {
        if (const std::string* name = value.text(node, where, rules::field_name)) feature.field = *name;
        return feature;
    }
    const Entry* source = nullptr;  // what says where its value comes from
    for (const Entry& entry : node.entries) {
        const std::string inner = join(where, entry.key);
        const std::string_view meant = nearest(entry.key, kMembers);
        if (entry.key == "default") {
            read_default(value, entry.value, inner, feature);
        } else if (source != nullptr && entry.value.kind == Node::Kind::absent) {
            continue;  // the rest of a value that was cut at a comma
        } else if (source != nullptr || (!meant.empty() && meant != entry.key)) {
            value.problems.add(entry.place, inner,
                               "key " + quote(entry.key) +
                                   " is not known here (a feature has field and default, or a "
                                   "name with its expression and default)");
            source = &entry;
        } else {
            source = &entry;
            if (entry.key != "field") {
                read_computed(value, node, entry, where, feature);
            } else if (const std::string* name = value.text(entry.value, inner, rules::field_name)) {
                feature.field = *name;
            }
        }
    }
    if (source == nullptr)
        value.refuse(node, where, "names no field (write {field: NAME, default: VALUE}, or {NAME: EXPRESSION})");
    return feature;
}

}  // namespace

void read_shape(const Value& value, const TextList& shape) {
    if (!value.is(Node::Kind::list, "a list of texts")) return;
    if (value.node.items.empty()) value.refuse("is an empty list (name at least one, or leave the field out)");
    shape.at(value.target) = value.texts(shape.rule);
}

void read_shape(const Value& value, const TextMap& shape) {
    if (!value.is(Node::Kind::map, "a map of names to texts")) return;
    for (const Entry& entry : value.node.entries) {
        const std::string where = join(value.path, entry.key);
        if (const auto mistake = shape.name_rule(entry.key)) {
            value.problems.add(entry.place, where, *mistake);
        } else if (const std::string* text = value.text(entry.value, where, shape.value_rule)) {
            shape.at(value.target)[entry.key] = *text;
        }
    }
}

void read_shape(const Value& value, const FeatureList& shape) {
    if (!value.is(Node::Kind::list, "a list of fields")) return;
    const auto& items = value.node.items;
    if (items.empty()) value.refuse("is an empty list (name the fields the model wants, or leave it out)");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string where = join(value.path, i);
        settings::Feature feature = read_feature(value, items[i], where);
        if (feature.field.empty()) continue;  // said already
        if (!seen.insert(feature.field).second) {
            value.refuse(items[i], where, quote(feature.field) + " is there twice (remove one)");
        }
        shape.at(value.target).push_back(std::move(feature));
    }
}

void read_shape(const Value& value, const BypassChoice& shape) {
    constexpr std::string_view kWrite = "(write results, or {subject: \"bypass.{tenant}.NAME\"})";
    settings::Bypass& bypass = shape.at(value.target);
    if (value.node.kind == Node::Kind::map) {
        for (const Entry& entry : value.node.entries) {
            const std::string where = join(value.path, entry.key);
            if (entry.key != "subject") {
                value.problems.add(entry.place, where,
                                   "key " + quote(entry.key) + " is not known here (there is subject)");
            } else if (const std::string* text = value.text(entry.value, where, rules::tenant_subject)) {
                bypass = {settings::Bypass::To::subject, *text};
            }
        }
        if (value.node.entries.empty()) value.refuse("names no subject " + std::string(kWrite));
        return;
    }
    const std::string* found = value.scalar(value.node, value.path, "results or a map with a subject");
    if (found == nullptr) return;
    if (*found != "results") return value.refuse(quote(*found) + " is no place for events " + std::string(kWrite));
    bypass.to = settings::Bypass::To::results;
}

void read_shape(const Value& value, const IncludeChoice& shape) {
    settings::Results& results = shape.at(value.target);
    if (value.node.kind == Node::Kind::list) {
        if (value.node.items.empty()) value.refuse("is an empty list (write none, or name fields)");
        results.include = settings::Include::fields;
        results.include_fields = value.texts(rules::field_name);
        return;
    }
    const std::string* found = value.scalar(value.node, value.path, "none, all or a list of fields");
    if (found == nullptr) return;
    if (*found == "none") {
        results.include = settings::Include::nothing;
    } else if (*found == "all") {
        results.include = settings::Include::everything;
    } else {
        value.refuse(quote(*found) + " is neither none nor all (for a list of fields write [" + *found + "])");
    }
}

}  // namespace millrace::config
