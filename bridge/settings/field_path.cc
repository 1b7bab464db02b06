#include "bridge/settings/field_path.h"

#include <utility>

namespace millrace::settings {
namespace {

void replace_all(std::string& text, std::string_view from, char to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
        text.replace(at, from.size(), 1, to);
    }
}

}  // namespace

std::vector<std::string> field_path(std::string_view field) {
    if (!field.starts_with('/')) return {std::string(field)};
    std::vector<std::string> path;
    for (std::size_t at = 0; at != std::string_view::npos;) {
        const auto next = field.find('/', at + 1);
        std::string token(field.substr(at + 1, next == std::string_view::npos ? next : next - at - 1));
        replace_all(token, "~1", '/');  // in this order: ~01 is "~1"
        replace_all(token, "~0", '~');
        path.push_back(std::move(token));
        at = next;
    }
    return path;
}

std::string key_of(std::string_view field) { return std::move(field_path(field).back()); }

}  // namespace millrace::settings
