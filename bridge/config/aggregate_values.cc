#include "bridge/config/aggregate_values.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/config/having_text.h"
#include "bridge/config/rules.h"
#include "bridge/config/select_text.h"
#include "bridge/config/suggest.h"

namespace millrace::config {
namespace {

// The select of that name, or nothing after a complaint.
std::optional<std::uint32_t> select_named(const Value& value, const Node& node, const std::string& where,
                                          const std::string& name, const std::vector<Select>& select) {
    const auto found = std::ranges::find(select, name, &Select::name);
    if (found != select.end()) return static_cast<std::uint32_t>(found - select.begin());
    std::vector<std::string_view> names;
    for (const Select& each : select) names.push_back(each.name);
    const std::string_view meant = nearest(name, names);
    std::string hint = "select it first";
    if (!meant.empty()) hint = "did you mean " + std::string(meant) + "?";
    value.refuse(node, where, quote(name) + " is no name of select (" + hint + ")");
    return std::nullopt;
}

void read_conditions(const Value& value, const Node& node, const std::string& where, const HavingList& shape) {
    const std::string* const text = value.text(node, where, nullptr);
    if (text == nullptr) return;
    auto parsed = parse_having(*text);
    if (!parsed) return value.problems.add(place_in(node, parsed.error().at), where, std::move(parsed.error().text));
    const std::vector<Select>& select = shape.select(value.target);
    if (select.empty()) return;  // said already
    for (HavingText& each : *parsed) {
        if (const auto index = select_named(value, node, where, each.name, select))
            shape.at(value.target).push_back({*index, each.op, std::move(each.literal)});
    }
}

}  // namespace

void read_shape(const Value& value, const SelectMap& shape) {
    if (!value.is(Node::Kind::map, "a map of names to functions")) return;
    if (value.node.entries.empty()) value.refuse("is an empty map (write for example {trips: count()})");
    bool cut = false;  // by a comma that YAML took for its own: what follows belongs to the value before
    for (const Entry& entry : value.node.entries) {
        if (cut && entry.value.kind == Node::Kind::absent) continue;
        cut = entry.value.text.contains('(') && !entry.value.text.contains(')');
        const std::string where = join(value.path, entry.key);
        Select select;
        if (auto mistake = rules::select_name(entry.key)) {
            value.problems.add(entry.place, where, std::move(*mistake));
        } else if (const std::string* const text = value.text(entry.value, where, nullptr)) {
            if (auto parsed = parse_select(*text)) {
                select = std::move(*parsed);
            } else {
                value.refuse(entry.value, where, std::move(parsed.error()));
            }
        }
        select.name = entry.key;
        shape.at(value.target).push_back(std::move(select));  // refused or not: conditions may name it
    }
}

void read_shape(const Value& value, const HavingList& shape) {
    if (value.node.kind != Node::Kind::list) return read_conditions(value, value.node, value.path, shape);
    if (value.node.items.empty()) value.refuse("is an empty list (write for example trips >= 10, or leave it out)");
    for (std::size_t i = 0; i < value.node.items.size(); ++i) {
        read_conditions(value, value.node.items[i], join(value.path, i), shape);
    }
}

}  // namespace millrace::config
