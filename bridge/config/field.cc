#include "bridge/config/field.h"

#include <algorithm>

namespace millrace::config {

std::string_view Field::name() const { return path.substr(path.rfind('.') + 1); }

std::string_view Field::parent() const {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

bool Field::is_section() const {
    return std::holds_alternative<Section>(shape) || std::holds_alternative<Sections>(shape);
}

std::string_view Field::scope() const {
    const std::size_t end = path.rfind("[].");
    return end == std::string_view::npos ? std::string_view() : path.substr(0, end + 2);
}

std::string Field::inner_path() const {
    return std::string(path) + (std::holds_alternative<Sections>(shape) ? "[]" : "");
}

bool Field::named_after() const { return initial.contains("PIPELINE") || initial.contains("NAME"); }

std::span<const Field> fields() {
    static const std::vector<Field> all = [] {
        std::vector<Field> joined;
        for (const auto part : {process_fields(), identity_fields(), vault_fields(), pipeline_fields(),
                                endpoint_fields(), address_fields(), shadow_fields(), aggregate_fields()}) {
            joined.insert(joined.end(), part.begin(), part.end());
        }
        return joined;
    }();
    return all;
}

const Field* find_field(std::string_view path) {
    const auto found = std::ranges::find(fields(), path, &Field::path);
    return found == fields().end() ? nullptr : &*found;
}

}  // namespace millrace::config
