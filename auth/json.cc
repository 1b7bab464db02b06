#include "auth/json.h"

#include <simdjson.h>

#include <algorithm>

namespace millrace::auth {
namespace {

using simdjson::dom::element;

std::optional<Json> copy(const element& from);

std::optional<Json> copy(const simdjson::dom::array& from) {
    Json::List list;
    for (const element each : from) {
        auto item = copy(each);
        if (!item) return std::nullopt;
        list.push_back(std::move(*item));
    }
    return Json(std::move(list));
}

std::optional<Json> copy(const simdjson::dom::object& from) {
    Json::Members members;
    for (const auto& [key, each] : from) {
        auto value = copy(each);
        if (!value) return std::nullopt;
        members.emplace_back(key, std::move(*value));
    }
    std::vector<std::string_view> keys;
    for (const auto& member : members) keys.push_back(member.first);
    std::ranges::sort(keys);
    if (std::ranges::adjacent_find(keys) != keys.end()) return std::nullopt;
    return Json(std::move(members));
}

std::optional<Json> copy(const element& from) {
    if (from.is_array()) return copy(simdjson::dom::array(from));
    if (from.is_object()) return copy(simdjson::dom::object(from));
    if (from.is_string()) return Json(std::string(std::string_view(from)));
    if (from.is_bool()) return Json(bool(from));
    if (double number = 0; from.get(number) == simdjson::SUCCESS) return Json(number);
    return Json();
}

}  // namespace

const Json* Json::find(std::string_view key) const {
    const Members* all = members();
    if (all == nullptr) return nullptr;
    const auto at = std::ranges::find(*all, key, &Members::value_type::first);
    return at == all->end() ? nullptr : &at->second;
}

const std::string* Json::text(std::string_view key) const {
    const Json* member = find(key);
    return member == nullptr ? nullptr : member->text();
}

std::optional<Json> parse_json(std::string_view text, std::size_t most_bytes) {
    if (text.size() > most_bytes) return std::nullopt;
    simdjson::dom::parser parser;
    if (parser.allocate(std::max<std::size_t>(text.size(), 64), kDeepestJson) != simdjson::SUCCESS) return std::nullopt;
    element root;
    if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS || !root.is_object()) return std::nullopt;
    return copy(root);
}

}  // namespace millrace::auth
