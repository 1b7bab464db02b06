#include "bridge/protocols/json_reader.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <algorithm>
#include <string>

#include "tests/bridge/protocols/json_values.h"

using namespace millrace::protocols;

namespace {

bool whole(std::string_view text, bool accept_non_finite = false) {
    JsonReader reader(text, accept_non_finite);
    reader.skip();
    return reader.finish();
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

}  // namespace

TEST_CASE("json reader: takes JSON and nothing else") {
    for (const char* good : {"0", "-0", "1.5", "1e5", "-1.25E-3", "1E+400", "123456789012345678901234567890", "true",
                             "false", "null", "\"\"", "\"\\u00e9\\n\\/\"", "[]", "{}", " [ ] ", "{\"a\":{}}",
                             "[1,[2,{\"b\":[]}],\"c\"]", "{\"a\":1,\"a\":2}"}) {
        CAPTURE(good);
        CHECK(whole(good));
    }
    for (const char* bad : {"",
                            " ",
                            "01",
                            "1.",
                            ".5",
                            "+1",
                            "1e",
                            "--1",
                            "-",
                            "1 2",
                            "tru",
                            "True",
                            "nul",
                            "nan",
                            "NaN",
                            "Infinity",
                            "-Infinity",
                            "\"",
                            "\"\\x\"",
                            "\"\\u12g4\"",
                            "\"\n\"",
                            "[",
                            "]",
                            "[1",
                            "[1,]",
                            "[,1]",
                            "[1 2]",
                            "[1}",
                            "{",
                            "{\"a\"}",
                            "{\"a\":}",
                            "{\"a\":1,}",
                            "{a:1}",
                            "{1:2}",
                            "{\"a\" 1}",
                            "[]]",
                            "'a'",
                            "[1]x",
                            "{\"a\":1]",
                            "//",
                            "\xEF\xBB\xBF[]",
                            "0x1",
                            "1_000"}) {
        CAPTURE(bad);
        CHECK(!whole(bad));
        JsonReader reader(bad);
        reader.skip();
        CHECK(!reader.finish());
        CHECK(!reader.complaint().empty());
    }
    CHECK(!whole(std::string_view("\"\0\"", 3)));
}

TEST_CASE("json reader: nesting stops at 64 levels, however deep the text") {
    CHECK(whole(nested(64)));
    CHECK(!whole(nested(65)));
    CHECK(!whole(nested(1'000'000)));
}

TEST_CASE("json reader: NaN and Infinity count only where they are asked for") {
    for (const char* text : {"NaN", "Infinity", "-Infinity", "[1,NaN,-Infinity]", "{\"a\":Infinity}"}) {
        CAPTURE(text);
        CHECK(whole(text, true));
        CHECK(!whole(text, false));
    }
    for (const char* text : {"nan", "Nan", "Inf", "-NaN", "+Infinity", "-Inf", "NaNa", "N", "-I"}) {
        CAPTURE(text);
        CHECK(!whole(text, true));
    }
}

TEST_CASE("json reader: names are compared by what they stand for") {
    CHECK(is_name("Results", "Results"));
    CHECK(is_name("R\\u0065sults", "Results"));
    CHECK(!is_name("results", "Results"));
    CHECK(unescape("\\uD83D\\uDE00\\t\\u00e9") == "😀\té");
    CHECK(!unescape("\\uD83D"));
    CHECK(!unescape("\\uD83Dx"));
    CHECK(!unescape("\\uDE00"));
    CHECK(!unescape("\\uD83D\\u0041"));
}

TEST_CASE("json reader: agrees with another parser on random and on damaged text") {
    simdjson::dom::parser oracle;
    JsonValues values(20240229);
    std::size_t damaged_but_good = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string text = values.value();
        CAPTURE(text);
        REQUIRE(whole(text));
        for (std::size_t edits = 1 + values.below(2); edits > 0 && !text.empty(); --edits) {
            const std::size_t at = values.below(text.size());
            switch (values.below(3)) {
                case 0:
                    text.erase(at, 1 + values.below(3));
                    break;
                case 1:
                    text.insert(at, 1, "[]{},:\"\\0-.eNn "[values.below(15)]);
                    break;
                default:
                    text[at] = "[]{},:\"\\0-.eNn "[values.below(15)];
                    break;
            }
        }
        const auto error = oracle.parse(text).error();
        // The other one reads numbers and unescapes strings, and so refuses what is too big for it or has no meaning.
        if (error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR) continue;
        CHECK((is_utf8(text) && whole(text)) == (error == simdjson::SUCCESS));
        if (error == simdjson::SUCCESS) ++damaged_but_good;
    }
    CHECK(damaged_but_good > 500);  // both answers were tried
}
