#include "bridge/config/reference.h"

#include <algorithm>
#include <string_view>

#include "bridge/config/describe.h"
#include "bridge/config/field.h"

namespace millrace::config {
namespace {

constexpr std::string_view kOpening = R"(# Configuration

Made from the field table in `bridge/config/`; a test fails when this page and the table differ. `millrace reference`
prints it, `millrace schema` prints the same table as a JSON Schema for editors, and `millrace check -c FILE --offline`
says what is wrong with a file: every mistake at once, each with its line, its rule and a hint.

A short configuration, which runs once the streams exist (`millrace setup -c FILE --apply` makes them):

```yaml
)";

constexpr std::string_view kOrAggregates = R"(```

Another, which scores nothing and aggregates what comes:

```yaml
)";

constexpr std::string_view kRules = R"(```

## How the file is read

One YAML document in UTF-8, at most 1 MiB and 32 levels deep. What could be read in two ways is refused: unknown keys,
duplicate keys, anchors and aliases, tags, merge keys (`<<`), several documents, tabs as indentation. JSON is YAML, too.

- A *duration* is a whole number with its unit: `250ms`, `5s`, `1m`, `168h`. Only `0` needs none.
- A *size* is a number of bytes, or a number with `KiB`, `MiB` or `GiB`: `1048576`, `64KiB`.
- A *boolean* is `true` or `false`; `yes`, `no`, `on` and `off` are none.
- A *text* that looks like a number or a boolean needs quotes: `deployment: "1"`.
- A *field of the event* is its name, or a JSON Pointer when it begins with `/`.
- Files with secrets are named, never their content.
)";

// A section's fields and no deeper ones.
bool is_in(const Field& field, std::string_view section) { return field.parent() == section; }

void add_field(std::string& page, const Field& field) {
    page += "\n### `" + std::string(field.path) + "`\n\n";
    page += describe(field) + "; ";
    if (field.required) {
        page += "required";
    } else if (!field.initial.empty()) {
        page += "default `" + std::string(field.initial) + "`";
    } else {
        page += "none by default";
    }
    page += "\n\n" + std::string(field.doc) + "\n";
    if (field.example.empty() || field.example == field.initial) return;
    page += "\n```yaml\n" + std::string(field.name()) + ": " + std::string(field.example) + "\n```\n";
}

void add_section(std::string& page, std::string_view path, std::string_view title, std::string_view doc) {
    page += "\n## " + std::string(title) + "\n\n" + std::string(doc) + "\n";
    for (const Field& field : fields()) {
        if (is_in(field, path) && !field.is_section()) add_field(page, field);
    }
}

// One line of the full example. In a list, the first line of an item carries the dash.
struct ExampleWriter {
    std::string text;

    void write(std::string_view section, std::size_t indent) {
        bool first = section.ends_with("[]");
        for (const Field& field : fields()) {
            if (!is_in(field, section)) continue;
            std::string lead(indent, ' ');
            if (first) lead.replace(indent - 2, 1, "-");
            first = false;
            if (field.apart) lead.insert(indent - (lead.ends_with("- ") ? 2 : 0), "# ");
            text += lead + std::string(field.name()) + ":" + (field.is_section() ? "" : " ") +
                    std::string(field.example) + "\n";
            if (field.is_section()) write(field.inner_path(), indent + (field.inner_path() == field.path ? 2 : 4));
        }
    }
};

}  // namespace

std::string short_example() {
    return R"(version: 1
nats: {urls: ["nats://127.0.0.1:4222"]}
pipelines:
  - name: trip-fares
    input:
      stream: EVENTS
      subject: events.{tenant}.trips
    event:
      features: [vendorid, weekday, pickuphour, passenger, distance]
    endpoint:
      url: http://127.0.0.1:5001/score
    results:
      subject: results.{tenant}.trip-fares
)";
}

std::string aggregates_example() {
    return R"(version: 1
nats: {urls: ["nats://127.0.0.1:4222"]}
pipelines:
  - name: trips
    input:
      stream: EVENTS
      subject: events.{tenant}.trips
    event:
      timestamp: createdAt
      out_of_order_tolerance: 2s
    aggregates:
      - name: trips-5s
        window: {tumbling: 5s}
        group_by: [vendorid]
        select:
          trips: count()
          distance: avg(distance)
          long: percentile_cont(0.95, distance)
        having: trips >= 10
)";
}

std::string full_example() {
    ExampleWriter writer;
    writer.write("", 0);
    return writer.text;
}

std::string reference_page() {
    std::string page(kOpening);
    page += short_example();
    page += kOrAggregates;
    page += aggregates_example();
    page += kRules;
    add_section(page, "", "The process", "The fields at the top of the file, beside the sections below.");
    for (const Field& field : fields()) {
        if (field.is_section()) add_section(page, field.inner_path(), "`" + field.inner_path() + "`", field.doc);
    }
    page += "\n## Every field at once\n\nLines that begin with `#` cannot stand beside another one here.\n\n```yaml\n";
    return page + full_example() + "```\n";
}

}  // namespace millrace::config
