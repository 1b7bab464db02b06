#include "bridge/config/reference.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "bridge/config/describe.h"
#include "bridge/config/field.h"
#include "sample.h"
#include "tests/source_tree.h"

using namespace millrace;
using namespace millrace::config;

namespace {

std::string read(const std::string& path) {
    std::ifstream file(tests::source_tree() / path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("reference: docs/configuration.md says what the table says (millrace reference > docs/configuration.md)") {
    const std::string page = reference_page();
    const bool same = read("docs/configuration.md") == page;
    CHECK(same);
}

TEST_CASE("reference: the page has a heading, a type and a paragraph for every field") {
    const std::string page = reference_page();
    for (const Field& field : fields()) {
        CAPTURE(field.path);
        CHECK(page.contains(field.doc));
        if (field.is_section()) continue;
        CHECK(page.contains("\n### `" + std::string(field.path) + "`\n\n" + describe(field) + "; "));
    }
}

TEST_CASE("reference: the short examples load") {
    CHECK(complaints(short_example()) == "");
    CHECK(complaints(aggregates_example()) == "");
}

// Comments of the full example become lines, and what they cannot stand beside goes.
TEST_CASE("reference: the fields of aggregates, too, load together") {
    std::istringstream example(full_example());
    std::string yaml;
    std::string left_out;  // the lead of a section that cannot stand beside aggregates
    bool in_pipelines = false;
    for (std::string line; std::getline(example, line);) {
        in_pipelines = in_pipelines || line == "pipelines:";
        const std::size_t indent = line.find_first_not_of(" #");
        const std::size_t hash = line.find("# ");
        const bool wanted = hash != std::string::npos && indent >= 4 + 2 && in_pipelines;
        if (hash != std::string::npos && !wanted) continue;
        if (wanted) line.erase(hash, 2);
        const bool scoring = line == "    endpoint:" || line == "    results:" || line == "    audit:" ||
                             line.starts_with("      features:");
        if (scoring) left_out = line.substr(0, line.find_first_not_of(' ') + 1);
        if (!left_out.empty() && (scoring || line.starts_with(std::string(left_out.size(), ' ')))) continue;
        left_out.clear();
        if (line.contains("late_subject:")) line = "      on_late: subject\n" + line;
        if (line.contains("on_late: adjust")) continue;
        yaml += line + "\n";
    }
    CHECK(complaints(yaml) == "");
    CHECK(yaml.contains("        window: {tumbling: 5s}\n"));
}

TEST_CASE("reference: the full example loads and names every field") {
    const std::string example = full_example();
    CHECK(complaints(example) == "");
    for (const Field& field : fields()) {
        CAPTURE(field.path);
        CHECK(example.contains(std::string(field.name()) + ":"));
    }
}

TEST_CASE("reference: shapes in words") {
    CHECK(describe(*find_field("version")) == "whole number, 1");
    CHECK(describe(*find_field("pipelines[].endpoint.max_batch_count")) == "whole number, 1 to 10000 events");
    CHECK(describe(*find_field("pipelines[].input.ack_wait")) == "duration, 1s to 1h");
    CHECK(describe(*find_field("pipelines[].input.max_pending_bytes")) == "size, 1MiB to 64GiB");
    CHECK(describe(*find_field("pipelines[].endpoint.protocol")).starts_with("one of `azureml`, "));
    CHECK(describe(*find_field("pipelines[].endpoint.max_dead_letter_ratio")) == "number, 0 to 1");
}
