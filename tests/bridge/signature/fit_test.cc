// Text, match and fit of signatures.
#include "bridge/signature/fit.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bridge/signature/match.h"
#include "bridge/signature/text.h"

using namespace millrace;
using namespace millrace::signature;
using Names = std::vector<std::string>;

namespace {

std::string fitted(std::string_view raw, ElementType type) {
    std::string out = ">";
    if (append_fitted(out, raw, type)) return out.substr(1);
    CHECK(out == ">");
    return "no: " + found_instead(raw, type);
}

Signature of(std::initializer_list<std::pair<const char*, const char*>> inputs) {
    Signature signature;
    for (const auto& [name, type] : inputs) signature.inputs.push_back(*parse_field(name, type));
    return signature;
}

std::string columns(const Match& match) { return one_line(match.columns); }

}  // namespace

TEST_CASE("a value fits, is converted where that is exact, or does not fit") {
    using enum ElementType;
    struct Case {
        const char* raw;
        ElementType type;
        const char* expected;
    };
    const Case cases[] = {
        {"12", string, "\"12\""},
        {"5.80", string, "\"5.80\""},
        {"\"Mon\"", string, "\"Mon\""},
        {"true", string, "no: a boolean"},
        {"null", string, "no: null"},
        {"null", any, "no: null"},
        {"1.5", float64, "1.5"},
        {"\"1.50\"", float64, "1.50"},
        {"true", float32, "1"},
        {"1e400", float64, "no: a number beyond its range"},
        {"1e-400", float64, "1e-400"},
        {"3.4028235e+38", float32, "3.4028235e+38"},
        {"3.4028236e38", float32, "no: a number beyond its range"},
        {"65519", float16, "65519"},
        {"3.5e38", float32, "no: a number beyond its range"},
        {"\"3.5e38\"", float32, "no: a string beyond its range"},
        {"65504", float16, "65504"},
        {"65520", float16, "no: a number beyond its range"},
        {"\" 1\"", float64, "no: a string that is no number"},
        {"\"\"", float64, "no: a string that is no number"},
        {"\"NaN\"", float64, "no: a string that is no number"},
        {R"("\uD83D\uDE00 \\ud83d \n")", string, R"("\uD83D\uDE00 \\ud83d \n")"},
        {R"("\uD83D")", string, "no: a string with half a character"},
        {R"("\uD83D\u0041")", string, "no: a string with half a character"},
        {R"("\ude00\uD83D")", string, "no: a string with half a character"},
        {"\"01\"", float64, "no: a string that is no number"},
        {"\"1.\"", float64, "no: a string that is no number"},
        {"\"1e\"", float64, "no: a string that is no number"},
        {"\"-\"", float64, "no: a string that is no number"},
        {"\"\\u0031\"", float64, "no: a string that is no number"},
        {"12.00", int32, "12"},
        {"-0", uint8, "-0"},
        {"false", int8, "0"},
        {"1e3", int32, "no: a number that is not whole"},
        {"1.5", int64, "no: a number that is not whole"},
        {"127", int8, "127"},
        {"128", int8, "no: a number beyond its range"},
        {"-128", int8, "-128"},
        {"-129", int8, "no: a number beyond its range"},
        {"-1", uint64, "no: a number beyond its range"},
        {"18446744073709551615", uint64, "18446744073709551615"},
        {"18446744073709551616", uint64, "no: a number beyond its range"},
        {"9223372036854775808", int64, "no: a number beyond its range"},
        {"\"-9223372036854775808\"", int64, "-9223372036854775808"},
        {"true", boolean, "true"},
        {"1", boolean, "no: a number"},
        {"\"true\"", boolean, "no: a string"},
        {"1e400", any, "1e400"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.raw);
        CAPTURE(name(each.type));
        CHECK(fitted(each.raw, each.type) == each.expected);
    }
}

TEST_CASE("a type as text comes out as it went in; anything else is refused") {
    for (const char* const text : {"float64", "string?", "int8[3]", "any[][2]?", "boolean[]"})
        CHECK(type_text(*parse_field("x", text)) == text);
    for (const char* const text :
         {"", "double", "float64[", "float64[0]", "float64[-1]", "float64]", "float64[3]x", "?", "int8??"})
        CHECK_FALSE(parse_field("x", text));
    CHECK(parse_field("x", "double").error().text.starts_with("'double' is no type (one of any, boolean,"));
}

TEST_CASE("a signature as a block of a configuration") {
    CHECK(yaml_block({of({{"a \"b\"", "float64[3]"}}).inputs, of({{"", "string?"}}).inputs}, "  ") ==
          "  signature:\n    inputs:\n      \"a \\\"b\\\"\": \"float64[3]\"\n    outputs:\n      \"\": \"string?\"\n");
}

TEST_CASE("inputs and features: by name, by place, or one input for all") {
    const Names features = {"distance", "hour"};
    SUBCASE("by name, in any order") {
        const Match found =
            match(of({{"hour", "int64"}, {"distance", "float64"}, {"tip", "float64?"}}), features, true);
        CHECK(columns(found) == "distance float64, hour int64");
        CHECK(complaint(found) == "");
    }
    SUBCASE("a feature the endpoint does not know, an input that no feature is") {
        const Match found = match(of({{"hour", "int64"}, {"tip", "float64"}}), features, true);
        CHECK(found.missing == Names{"tip"});
        CHECK(found.extra == Names{"distance"});
        CHECK(complaint(found) == "event.features lacks 'tip'");
        CHECK(complaint(match(of({{"hour", "int64"}}), features, true)) == "the endpoint knows no 'distance'");
    }
    SUBCASE("by place, where the request has no names") {
        const Signature other = of({{"a", "float64"}, {"b", "int64"}});
        CHECK(columns(match(other, features, false)) == "a float64, b int64");
        CHECK(complaint(match(other, features, true)) == "event.features lacks 'a', 'b'");
        CHECK(complaint(match(of({{"a", "int8"}}), features, false)) ==
              "a row is to have 1 values, event.features has 2");
    }
    SUBCASE("one input for all") {
        CHECK(columns(match(of({{"x", "float64[]"}}), features, true)) == "float64, float64");
        CHECK(complaint(match(of({{"x", "float64[2]"}}), features, true)) == "");
        CHECK(complaint(match(of({{"x", "float64[3]"}}), features, true)) ==
              "a row is to have 3 values, event.features has 2");
        CHECK(complaint(match(of({{"x", "float64[28][28]"}}), features, true)) ==
              "a row is to have 2 dimensions, rows here have one");
    }
    SUBCASE("nothing to say") {
        CHECK(match({}, features, true) == Match{});
        CHECK(match(of({{"", "int8"}}), {}, true) == Match{});
    }
    SUBCASE("whole events have its inputs as fields") {
        CHECK(columns(match(of({{"a", "float64"}, {"b", "int64"}}), {}, false)) == "a float64, b int64");
    }
}
