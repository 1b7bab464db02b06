#include "bridge/config/json_text.h"

#include "bridge/codec/json_text.h"
#include "bridge/config/scalars.h"

namespace millrace::config {
namespace {

std::optional<std::string> json_scalar(const Node& node, const std::string& path, Problems& problems) {
    if (node.in_quotes) return codec::quoted(node.text);
    if (node.text == "true" || node.text == "false" || codec::is_number(node.text)) return node.text;
    if (is_typed(node.text) || is_old_boolean(node.text)) {
        problems.add(node.place, path,
                     quote(node.text) +
                         " is read differently by different readers of YAML (put a text in "
                         "quotes; write numbers as in JSON, and booleans as true or false)");
        return std::nullopt;
    }
    return codec::quoted(node.text);
}

std::optional<std::string> json_list(const Node& node, const std::string& path, Problems& problems) {
    std::string text = "[";
    bool whole = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const auto item = json_text(node.items[i], join(path, i), problems);
        whole = whole && item.has_value();
        text += (i == 0 ? "" : ",") + item.value_or("");
    }
    return whole ? std::optional(text + "]") : std::nullopt;
}

std::optional<std::string> json_map(const Node& node, const std::string& path, Problems& problems) {
    std::string text = "{";
    bool whole = true;
    for (const Entry& entry : node.entries) {
        const auto value = json_text(entry.value, join(path, entry.key), problems);
        whole = whole && value.has_value();
        text += (text.size() == 1 ? "" : ",") + codec::quoted(entry.key) + ":" + value.value_or("");
    }
    return whole ? std::optional(text + "}") : std::nullopt;
}

}  // namespace

std::optional<std::string> json_text(const Node& node, const std::string& path, Problems& problems) {
    switch (node.kind) {
        case Node::Kind::scalar:
            return json_scalar(node, path, problems);
        case Node::Kind::list:
            return json_list(node, path, problems);
        case Node::Kind::map:
            return json_map(node, path, problems);
        case Node::Kind::null:
            return "null";
        case Node::Kind::absent:
            problems.add(node.place, path, "there is no value (write null if that is meant)");
            break;
        case Node::Kind::invalid:
            break;
    }
    return std::nullopt;
}

}  // namespace millrace::config
