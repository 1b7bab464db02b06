#include "bridge/codec/json_text.h"

#include <doctest/doctest.h>

using namespace millrace::codec;

TEST_CASE("json text: numbers are judged by grammar, not by range") {
    for (const char* good : {"0", "-0", "12", "-12.50", "1e5", "1E+400", "0.1000", "18446744073709551616", "9e-999"}) {
        CAPTURE(good);
        CHECK(is_number(good));
    }
    for (const char* bad :
         {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "1 2", "NaN", "Infinity", "1_0", "--1"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_number(bad));
    }
}

TEST_CASE("json text: only the escapes of JSON are good") {
    for (const char* good : {"", "plain", R"(\"\\\/\b\f\n\r\t)", R"(\u00e9)", R"(\uD83D\ude00)", R"(\ud800)"}) {
        CAPTURE(good);
        CHECK(has_good_escapes(good));
    }
    for (const char* bad : {"\\", R"(\x)", R"(\u12)", R"(\u12g4)", R"(ok\)", R"(\\\)", R"(\U0041)"}) {
        CAPTURE(bad);
        CHECK_FALSE(has_good_escapes(bad));
    }
}

TEST_CASE("json text: scalars") {
    for (const char* good : {"true", "false", "null", "1", R"("")", R"("a\"b")"}) {
        CAPTURE(good);
        CHECK(is_scalar(good));
    }
    for (const char* bad : {"", "tru", "True", "nul", "nulls", "\"", "\"a", R"("a\q")", "{}", "[]", ","}) {
        CAPTURE(bad);
        CHECK_FALSE(is_scalar(bad));
    }
}

TEST_CASE("json text: an element ends at a comma or bracket of its own level") {
    CHECK(element_end("1,2]", 0) == 1);
    CHECK(element_end("1,2]", 2) == 3);
    CHECK(element_end(R"({"a":[1,2],"b":"],}"},x)", 0) == 21);
    CHECK(element_end(R"("a\",",2)", 0) == 6);
    CHECK(element_end("1 2 3", 0) == std::string_view::npos);
    CHECK(element_end(R"("open, ])", 0) == std::string_view::npos);
    CHECK(element_end(R"("open\)", 0) == std::string_view::npos);
    CHECK(element_end("},]", 0) == 1);
}

TEST_CASE("json text: a name becomes an escaped key") {
    CHECK(member_key("vendorid") == "\"vendorid\":");
    CHECK(member_key("a\"b\\c\n") == R"("a\"b\\c\u000a":)");
    CHECK(member_key("größe") == "\"größe\":");
}
