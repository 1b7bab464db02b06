#include "bridge/config/value.h"

#include <algorithm>
#include <utility>

#include "bridge/config/scalars.h"

namespace millrace::config {
namespace {

std::string mistaken(const Node& node, std::string_view wanted) {
    const std::string what(wanted);
    switch (node.kind) {
        case Node::Kind::absent:
            return "has no value (write " + what + ", or remove the key)";
        case Node::Kind::null:
            return "is null, but must be " + what;
        case Node::Kind::list:
            return "is a list, but must be " + what;
        case Node::Kind::map:
            return "is a map, but must be " + what;
        default:
            return "is a single value, but must be " + what;
    }
}

}  // namespace

void Value::refuse(const Node& at, std::string where, std::string text) const {
    problems.add(at.place, std::move(where), std::move(text));
}

std::string Value::shown(std::string_view value) const { return field.secret ? "the value" : quote(value); }

const std::string* Value::scalar(const Node& from, const std::string& where, std::string_view wanted) const {
    if (from.kind == Node::Kind::scalar) return &from.text;
    if (from.kind != Node::Kind::invalid) refuse(from, where, mistaken(from, wanted));
    return nullptr;
}

const std::string* Value::bare(std::string_view wanted) const {
    const std::string* text = scalar(node, path, wanted);
    if (text == nullptr || !node.in_quotes) return text;
    refuse(shown(*text) + " is in quotes, which makes it a text, but must be " + std::string(wanted) +
           " (remove the quotes)");
    return nullptr;
}

const std::string* Value::text(const Node& from, const std::string& where, Rule rule) const {
    const std::string* found = scalar(from, where, "a text");
    if (found == nullptr) return nullptr;
    if (!from.in_quotes && is_typed(*found)) {
        refuse(from, where, shown(*found) + " is a number or boolean to YAML, but must be a text (put it in quotes)");
        return nullptr;
    }
    if (found->contains('\0')) {
        refuse(from, where, shown(*found) + " has a NUL character in it (remove it)");
        return nullptr;
    }
    const auto mistake = rule == nullptr ? std::nullopt : rule(*found);
    if (mistake) refuse(from, where, *mistake);
    return mistake ? nullptr : found;
}

bool Value::is(Node::Kind kind, std::string_view wanted) const {
    if (node.kind == kind) return true;
    if (node.kind != Node::Kind::invalid) refuse(mistaken(node, wanted));
    return false;
}

std::vector<std::string> Value::texts(Rule rule) const {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const std::string where = join(path, i);
        const std::string* each = text(node.items[i], where, rule);
        if (each == nullptr) continue;
        const bool twice = std::ranges::find(found, *each) != found.end();
        if (twice) refuse(node.items[i], where, shown(*each) + " is there twice (remove one)");
        found.push_back(*each);
    }
    return found;
}

}  // namespace millrace::config
