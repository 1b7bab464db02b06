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
        if (std::holds_alternative<Coming>(field.shape) || field.is_section()) continue;
        CHECK(page.contains("\n### `" + std::string(field.path) + "`\n\n" + describe(field) + "; "));
    }
}

TEST_CASE("reference: the short example loads") { CHECK(complaints(short_example()) == ""); }

TEST_CASE("reference: the full example loads and names every field") {
    const std::string example = full_example();
    CHECK(complaints(example) == "");
    for (const Field& field : fields()) {
        if (std::holds_alternative<Coming>(field.shape)) continue;
        CAPTURE(field.path);
        CHECK(example.contains(std::string(field.name()) + ":"));
    }
}

TEST_CASE("reference: shapes in words") {
    CHECK(describe(*find_field("version")) == "whole number, 1");
    CHECK(describe(*find_field("pipelines[].endpoint.max_batch_count")) == "whole number, 1 to 10000 events");
    CHECK(describe(*find_field("pipelines[].input.ack_wait")) == "duration, 1s to 1h");
    CHECK(describe(*find_field("pipelines[].input.max_pending_bytes")) == "size, 1MiB to 64GiB");
    CHECK(describe(*find_field("pipelines[].endpoint.protocol")) == "one of `azureml`, `json`");
    CHECK(describe(*find_field("pipelines[].endpoint.max_dead_letter_ratio")) == "number, 0 to 1");
}
