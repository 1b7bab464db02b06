#include "bridge/config/reader.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/config/field.h"
#include "bridge/config/suggest.h"
#include "bridge/config/value_reader.h"

namespace millrace::config {
namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
    const std::size_t found = text.find(what);
    if (found == std::string_view::npos) return std::string(text);
    return std::string(text.substr(0, found)) + std::string(by) + std::string(text.substr(found + what.size()));
}

class Reader {
  public:
    explicit Reader(Problems& problems) : problems_(problems) {}

    Reading read(const Node& document) {
        Target target{.all = &reading_.settings};
        places_()[""] = document.place;
        read_section("", "", document, target);
        fill_missing("", "", target);
        return std::move(reading_);
    }

  private:
    Places& places_() { return reading_.places; }

    // `table` is the section's path in the table, `path` the one in the document.
    void read_section(std::string_view table, const std::string& path, const Node& node, Target& target) {
        if (node.kind == Node::Kind::invalid) return;
        if (node.kind != Node::Kind::map) {
            problems_.add(node.place, path,
                          node.kind == Node::Kind::absent ? "has nothing in it (write its fields, or remove the key)"
                                                          : "must be a map of fields");
            return;
        }
        // In the order of the table, not of the file: a row may speak of one before it.
        std::vector<std::pair<const Field*, const Entry*>> found;
        for (const Entry& entry : node.entries) found.emplace_back(row_of(table, entry.key), &entry);
        std::ranges::stable_sort(found, std::less<>(), [](const auto& each) { return each.first; });
        for (const auto& [field, entry] : found) read_entry(table, path, field, *entry, target);
    }

    static const Field* row_of(std::string_view table, const std::string& key) {
        // A dot in a key is no way into another section.
        return key.contains('.') ? nullptr : find_field(std::string(table) + (table.empty() ? "" : ".") + key);
    }

    void read_entry(std::string_view table, const std::string& path, const Field* field, const Entry& entry,
                    Target& target) {
        const std::string where = join(path, entry.key);
        if (field == nullptr) return refuse_unknown(table, where, entry);
        mark_place(where, entry, field->is_section());
        if (std::holds_alternative<Section>(field->shape)) {
            read_section(field->path, where, entry.value, target);
        } else if (const auto* const list = std::get_if<Sections>(&field->shape)) {
            read_sections(*list, field->inner_path(), where, entry.value, target);
        } else {
            read_value(*field, entry.value, where, target, problems_);
        }
    }

    // A section stands where its key does, a value where it begins; the keys of a map value are told apart.
    void mark_place(const std::string& where, const Entry& entry, bool section) {
        places_()[where] = section ? entry.place : entry.value.place;
        if (section) return;
        for (const Entry& inner : entry.value.entries) places_()[join(where, inner.key)] = inner.place;
    }

    void read_sections(const Sections& list, const std::string& table, const std::string& path, const Node& node,
                       Target& target) {
        if (node.kind == Node::Kind::invalid) return;
        if (node.kind != Node::Kind::list || node.items.empty()) {
            problems_.add(node.place, path,
                          "must be a list with at least one " + std::string(list.one) + " (write a dash before each)");
            return;
        }
        list.resize(target, node.items.size());
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            const std::string where = join(path, i);
            Target item = list.item(target, i);
            places_()[where] = node.items[i].place;
            read_section(table, where, node.items[i], item);
            fill_missing(table, where, item);
        }
    }

    // Defaults and complaints for every field the document does not mention, at the top or in one item of a list.
    void fill_missing(std::string_view scope, const std::string& item, Target& target) {
        for (const Field& field : fields()) {
            if (field.scope() != scope) continue;
            const std::string path = item + std::string(field.path.substr(scope.size()));
            if (places_().contains(path) || problems_.spoils(path)) continue;
            if (field.required) {
                if (is_left_out(field, path)) continue;
                problems_.add(nearest_place(path), path,
                              "is required (write for example " + std::string(field.name()) + ": " +
                                  std::string(example(field)) + ")");
            } else if (!field.initial.empty()) {
                set_default(field, path, target);
            }
        }
    }

    // Whether the field stands in an optional section that is not there.
    bool is_left_out(const Field& field, const std::string& path) const {
        const Field* const section = find_field(field.parent());
        const auto* const shape = section == nullptr ? nullptr : std::get_if<Section>(&section->shape);
        return shape != nullptr && shape->optional && !reading_.places.contains(path.substr(0, path.rfind('.')));
    }

    static std::string_view example(const Field& field) { return field.is_section() ? "[…]" : field.example; }

    void set_default(const Field& field, const std::string& path, Target& target) {
        std::string yaml(field.initial);
        if (target.pipeline != nullptr && !target.pipeline->name.empty())
            yaml = replaced(yaml, "PIPELINE", target.pipeline->name);
        if (target.aggregate != nullptr && !target.aggregate->name.empty())
            yaml = replaced(yaml, "NAME", target.aggregate->name);
        const auto node = parse_document(yaml, problems_);
        if (node) read_value(field, *node, path, target, problems_);
    }

    // Where the section that lacks a field stands.
    Place nearest_place(std::string_view path) const {
        while (!path.empty()) {
            const std::size_t cut = path.find_last_of(".[");
            path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
            const auto found = reading_.places.find(path);
            if (found != reading_.places.end()) return found->second;
        }
        return {1, 1};
    }

    void refuse_unknown(std::string_view table, const std::string& where, const Entry& entry) {
        std::vector<std::string_view> here;
        std::string elsewhere;
        for (const Field& field : fields()) {
            if (field.parent() == table) here.push_back(field.name());
            if (elsewhere.empty() && field.name() == entry.key) elsewhere = field.path;
        }
        std::string hint;
        if (const std::string_view meant = nearest(entry.key, here); !meant.empty()) {
            hint = "did you mean " + std::string(meant) + "?";
        } else if (!elsewhere.empty()) {
            hint = "there is " + elsewhere;
        } else {
            hint = "the keys here:";
            for (const std::string_view name : here) hint += " " + std::string(name);
        }
        problems_.add(entry.place, where, "key " + quote(entry.key) + " is not known here (" + hint + ")");
    }

    Problems& problems_;
    Reading reading_;
};

}  // namespace

Reading read_document(const Node& document, Problems& problems) { return Reader(problems).read(document); }

}  // namespace millrace::config
