#include "bridge/codec/wanted_fields.h"

#include <algorithm>
#include <charconv>

#include "bridge/settings/field_path.h"

namespace millrace::codec {
namespace {

// RFC 6901: digits without a leading zero.
std::optional<std::size_t> array_index(std::string_view key) {
    if (key.empty() || (key.size() > 1 && key.front() == '0')) return std::nullopt;
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
    return index;
}

template <typename Match>
WantedFields::Node* take_child(WantedFields::Node& parent, std::uint64_t element, Match matches) {
    const auto count = parent.children.size();
    for (std::size_t tried = 0, at = parent.next_child; tried < count; ++tried, ++at) {
        if (at >= count) at = 0;
        auto& child = parent.children[at];
        if (!matches(child)) continue;
        if (child.taken_in == element) return nullptr;
        child.taken_in = element;
        parent.next_child = at + 1;
        return &child;
    }
    return nullptr;
}

}  // namespace

std::size_t WantedFields::add(std::string_view field) { return add(settings::field_path(field)); }

std::size_t WantedFields::add(std::vector<std::string> keys) {
    auto* node = &root_;
    for (auto& key : keys) {
        auto child = std::ranges::find(node->children, key, &Node::key);
        if (child == node->children.end()) {
            Node made;
            made.index = array_index(key);
            made.key = std::move(key);
            child = node->children.insert(child, std::move(made));
        }
        node = &*child;
    }
    if (!node->slot) {
        node->slot = found_.size();
        found_.emplace_back();
    }
    return *node->slot;
}

void WantedFields::begin_element() {
    ++element_;
    std::ranges::fill(found_, Found{});
}

WantedFields::Node* WantedFields::take(Node& parent, std::string_view key) const {
    return take_child(parent, element_, [key](const Node& child) { return child.key == key; });
}

WantedFields::Node* WantedFields::take(Node& parent, std::size_t index) const {
    return take_child(parent, element_, [index](const Node& child) { return child.index == index; });
}

}  // namespace millrace::codec
