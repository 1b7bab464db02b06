#include "bridge/config/reader.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/config/field.h"
#include "bridge/config/suggest.h"
#include "bridge/config/value_reader.h"

namespace millrace::config {
namespace {

constexpr std::string_view kEach = "pipelines[]";

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
        fill_missing("", target);
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
        for (const Entry& entry : node.entries) read_entry(table, path, entry, target);
    }

    void read_entry(std::string_view table, const std::string& path, const Entry& entry, Target& target) {
        const std::string row = std::string(table) + (table.empty() ? "" : ".") + entry.key;
        const std::string where = join(path, entry.key);
        // A dot in a key is no way into another section.
        const Field* field = entry.key.contains('.') ? nullptr : find_field(row);
        if (field == nullptr) return refuse_unknown(table, where, entry);
        mark_place(where, entry, field->is_section());
        if (std::holds_alternative<Section>(field->shape)) {
            read_section(row, where, entry.value, target);
        } else if (std::holds_alternative<Sections>(field->shape)) {
            read_sections(where, entry.value);
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

    void read_sections(const std::string& path, const Node& node) {
        if (node.kind == Node::Kind::invalid) return;
        if (node.kind != Node::Kind::list || node.items.empty()) {
            problems_.add(node.place, path, "must be a list with at least one pipeline (write a dash before each)");
            return;
        }
        auto& pipelines = reading_.settings.pipelines;
        pipelines.resize(node.items.size());
        for (std::size_t i = 0; i < pipelines.size(); ++i) {
            const std::string where = join(path, i);
            Target target{.all = &reading_.settings, .pipeline = &pipelines[i]};
            places_()[where] = node.items[i].place;
            read_section(kEach, where, node.items[i], target);
            fill_missing(where, target);
        }
    }

    // Defaults and complaints for every field the document does not mention, at the top or in one pipeline.
    void fill_missing(const std::string& pipeline, Target& target) {
        for (const Field& field : fields()) {
            const bool of_pipeline = field.path.starts_with(kEach);
            if (of_pipeline != (target.pipeline != nullptr)) continue;
            const std::string path =
                of_pipeline ? pipeline + std::string(field.path.substr(kEach.size())) : std::string(field.path);
            if (places_().contains(path) || problems_.spoils(path)) continue;
            if (field.required) {
                problems_.add(nearest_place(path), path,
                              "is required (write for example " + std::string(field.name()) + ": " +
                                  std::string(example(field)) + ")");
            } else if (!field.initial.empty()) {
                set_default(field, path, target);
            }
        }
    }

    static std::string_view example(const Field& field) { return field.is_section() ? "[…]" : field.example; }

    void set_default(const Field& field, const std::string& path, Target& target) {
        const bool named = target.pipeline != nullptr && !target.pipeline->name.empty();
        const std::string yaml = replaced(field.initial, "PIPELINE", named ? target.pipeline->name : "PIPELINE");
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
