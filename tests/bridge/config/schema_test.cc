#include "bridge/config/schema.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "bridge/config/document.h"
#include "bridge/config/field.h"
#include "tests/source_tree.h"

using namespace millrace;
using namespace millrace::config;

namespace {

// JSON is YAML: the strict reader reads the schema as well.
Node parsed_schema() {
    Problems problems("schema");
    auto node = parse_document(json_schema(), problems);
    REQUIRE(problems.empty());
    REQUIRE(node);
    return *node;
}

const Node* member(const Node* node, std::string_view key) {
    if (node == nullptr) return nullptr;
    const auto found = std::ranges::find(node->entries, key, &Entry::key);
    return found == node->entries.end() ? nullptr : &found->value;
}

// The schema of the field at a path such as pipelines[].endpoint.url.
const Node* at_path(const Node& schema, std::string_view path) {
    const Node* node = &schema;
    while (!path.empty()) {
        const std::size_t dot = std::min(path.find('.'), path.size());
        std::string_view name = path.substr(0, dot);
        const bool each = name.ends_with("[]");
        if (each) name.remove_suffix(2);
        node = member(member(node, "properties"), name);
        if (each) node = member(node, "items");
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return node;
}

std::string text_of(const Node* node) { return node == nullptr ? "(nothing)" : node->text; }

}  // namespace

TEST_CASE("schema: docs/millrace.schema.json says what the table says (millrace schema > docs/millrace.schema.json)") {
    std::ifstream file(tests::source_tree() / "docs/millrace.schema.json");
    std::stringstream text;
    text << file.rdbuf();
    const bool same = text.str() == json_schema();
    CHECK(same);
}

TEST_CASE("schema: it is draft-07, and has every field with its paragraph") {
    const Node schema = parsed_schema();
    CHECK(text_of(member(&schema, "$schema")) == "http://json-schema.org/draft-07/schema#");
    for (const Field& field : fields()) {
        CAPTURE(field.path);
        const Node* row = at_path(schema, field.path);
        REQUIRE(row != nullptr);
        CHECK(text_of(member(row, "description")) == field.doc);
    }
}

TEST_CASE("schema: unknown keys are refused at every level, and required ones asked for") {
    const Node schema = parsed_schema();
    for (const char* section : {"", "nats", "nats.tls", "pipelines[]", "pipelines[].endpoint", "pipelines[].event"}) {
        CHECK(text_of(member(at_path(schema, section), "additionalProperties")) == "false");
    }
    const Node* required = member(at_path(schema, "pipelines[].input"), "required");
    REQUIRE(required != nullptr);
    REQUIRE(required->items.size() == 2);
    CHECK(required->items[0].text == "stream");
    CHECK(required->items[1].text == "subject");
}

TEST_CASE("schema: bounds and defaults come from the row") {
    const Node schema = parsed_schema();
    const Node* count = at_path(schema, "pipelines[].endpoint.max_batch_count");
    CHECK(text_of(member(count, "type")) == "integer");
    CHECK(text_of(member(count, "minimum")) == "1");
    CHECK(text_of(member(count, "maximum")) == "10000");
    CHECK(text_of(member(count, "default")) == "500");
    CHECK(text_of(member(at_path(schema, "drain_timeout"), "default")) == "20s");
    CHECK(member(at_path(schema, "pipelines[].endpoint.non_finite"), "enum")->items.size() == 4);
}
