#include "tests/bridge/expression/bench.h"

using namespace millrace::expression;

namespace {

std::string cast(const std::string& value, const std::string& type) {
    const Fields fields = {{"record", Cell{.type = Type::record, .text = R"({"a":1})"}},
                           {"array", Cell{.type = Type::array, .text = "[1]"}},
                           {"huge", Cell::of(1e300 * 1e300)}};
    const std::string shown = result("CAST(" + value + " AS " + type + ")", fields);
    // TRY_CAST is the same but for what fails.
    CHECK(result("TRY_CAST(" + value + " AS " + type + ")", fields) == (shown.starts_with("fault") ? "NULL" : shown));
    return shown.starts_with("fault") ? shown.substr(shown.find(": ") + 2) : shown;
}

}  // namespace

TEST_CASE("NULL is NULL of every type, and a value of the type stays") {
    for (const char* const type : {"bigint", "float", "nvarchar(max)", "bit", "record", "array"})
        CHECK(cast("NULL", type) == "NULL");
    CHECK(cast("7", "bigint") == "7");
    CHECK(cast("7.25", "float") == "7.25");
    CHECK(cast("'x'", "nvarchar(max)") == "'x'");
    CHECK(cast("TRUE", "bit") == "TRUE");
    CHECK(cast("record", "record") == R"('{"a":1}')");
    CHECK(cast("array", "array") == "'[1]'");
}

TEST_CASE("to bigint") {
    CHECK(cast("7.9", "bigint") == "7");
    CHECK(cast("-7.9", "bigint") == "-7");
    CHECK(cast("9.3e18", "bigint") == "a float beyond 64 bits");
    CHECK(cast("-9223372036854775808.0", "bigint") == "-9223372036854775808");
    CHECK(cast("9223372036854775808.0", "bigint") == "a float beyond 64 bits");
    CHECK(cast("TRUE", "bigint") == "1");
    CHECK(cast("' 42 '", "bigint") == "42");
    CHECK(cast("'+42'", "bigint") == "42");
    CHECK(cast("'-42'", "bigint") == "-42");
    for (const char* const text : {"''", "'4.2'", "'4x'", "'0x10'", "'+-4'", "'9223372036854775808'", "'4 2'", "'+'"}) {
        CAPTURE(text);
        CHECK(cast(text, "bigint") == "a text that is no integer of 64 bits");
    }
    CHECK(cast("record", "bigint") == "a record");
    CHECK(cast("array", "bigint") == "an array");
}

TEST_CASE("to float") {
    CHECK(cast("7", "float") == "7.0");
    CHECK(cast("FALSE", "float") == "0.0");
    CHECK(cast("' 2.5e3 '", "float") == "2500.0");
    CHECK(cast("'-.5'", "float") == "-0.5");
    for (const char* const text : {"''", "'inf'", "'-nan'", "'1e400'", "'1,5'", "'0x1p3'"}) {
        CAPTURE(text);
        CHECK(cast(text, "float") == "a text that is no number");
    }
    CHECK(cast("record", "float") == "a record");
}

TEST_CASE("to nvarchar(max)") {
    CHECK(cast("-9223372036854775808", "nvarchar(max)") == "'-9223372036854775808'");
    CHECK(cast("2.50", "nvarchar(max)") == "'2.5'");
    CHECK(cast("-2.2250738585072014e-308", "nvarchar(max)") == "'-2.2250738585072014e-308'");
    CHECK(cast("TRUE", "nvarchar(max)") == "'1'");
    CHECK(cast("record", "nvarchar(max)") == R"('{"a":1}')");
    CHECK(cast("huge", "nvarchar(max)") == "a number beyond a float");
}

TEST_CASE("to bit") {
    CHECK(cast("0", "bit") == "FALSE");
    CHECK(cast("-3", "bit") == "TRUE");
    CHECK(cast("0.5", "bit") == "TRUE");
    CHECK(cast("'True'", "bit") == "TRUE");
    CHECK(cast("' 0 '", "bit") == "FALSE");
    CHECK(cast("'yes'", "bit") == "a text that is none of true, false, 1 and 0");
    CHECK(cast("array", "bit") == "an array");
}

TEST_CASE("to record and array, from nothing else") {
    CHECK(cast("'{}'", "record") == "a text");
    CHECK(cast("array", "record") == "an array");
    CHECK(cast("1", "array") == "a number or a bit");
}

TEST_CASE("texts of several casts do not meet in one place") {
    CHECK(result("CAST(1 AS nvarchar(max)) = CAST(2 AS nvarchar(max))") == "FALSE");
    CHECK(result("CAST(12 AS nvarchar(max)) IN (CAST(1 AS nvarchar(max)), CAST(12 AS nvarchar(max)))") == "TRUE");
}
