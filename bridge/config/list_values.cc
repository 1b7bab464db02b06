#include "bridge/config/list_values.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "bridge/config/json_text.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

void read_member(const Value& value, const Entry& entry, const std::string& where, settings::Feature& feature) {
    const std::string inner = join(where, entry.key);
    if (entry.key == "field") {
        if (const std::string* name = value.text(entry.value, inner, rules::field_name)) feature.field = *name;
    } else if (entry.key != "default") {
        value.problems.add(entry.place, inner,
                           "key " + quote(entry.key) + " is not known here (a feature has field and default)");
    } else if (entry.value.kind == Node::Kind::list || entry.value.kind == Node::Kind::map) {
        value.refuse(entry.value, inner, "must be a number, a text, true, false or null");
    } else {
        feature.fallback = json_text(entry.value, inner, value.problems);
    }
}

settings::Feature read_feature(const Value& value, const Node& node, const std::string& where) {
    settings::Feature feature;
    if (node.kind != Node::Kind::map) {
        if (const std::string* name = value.text(node, where, rules::field_name)) feature.field = *name;
        return feature;
    }
    for (const Entry& entry : node.entries) read_member(value, entry, where, feature);
    const bool named = std::ranges::any_of(node.entries, [](const Entry& entry) { return entry.key == "field"; });
    if (!named) value.refuse(node, where, "names no field (write {field: NAME, default: VALUE})");
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
