#include "tests/bridge/expression/bench.h"

using namespace millrace::expression;

TEST_CASE("what binds tighter") {
    CHECK(canonical("a or b and not c = 1 + 2 * -d") == "a OR b AND NOT c = 1 + 2 * -d");
    CHECK(canonical("(a or b) and c") == "(a OR b) AND c");
    CHECK(canonical("a - b - c") == "a - b - c");
    CHECK(canonical("a - (b - c)") == "a - (b - c)");
    CHECK(canonical("(a + b) * c") == "(a + b) * c");
    CHECK(canonical("not (not a)") == "NOT NOT a");
    CHECK(canonical("(a > 1) = (b > 2)") == "(a > 1) = (b > 2)");
    CHECK(canonical("a between 1 and 2 and b") == "a BETWEEN 1 AND 2 AND b");
    CHECK(result("2 + 3 * 4") == "14");
    CHECK(result("10 - 4 - 3") == "3");
    CHECK(result("TRUE OR TRUE AND FALSE") == "TRUE");
    CHECK(result("NOT FALSE AND FALSE") == "FALSE");
}

TEST_CASE("one way to write an expression") {
    CHECK(canonical("distance is not null And passenger>0") == "distance IS NOT NULL AND passenger > 0");
    CHECK(canonical("a != 1") == "a <> 1");
    CHECK(canonical("a == 1") == "a = 1");
    CHECK(canonical("a !> 1") == "a <= 1");
    CHECK(canonical("a !< 1") == "a >= 1");
    CHECK(canonical("+a + +1") == "a + 1");
    CHECK(canonical("- -a") == "-(-a)");
    CHECK(canonical("-(5)") == "-(5)");
    CHECK(canonical("- 5") == "-5");
    CHECK(canonical("a - -5") == "a - -5");
    CHECK(canonical("a -5") == "a - 5");
    CHECK(canonical("1.50") == "1.5");
    CHECK(canonical("1e3") == "1000.0");
    CHECK(canonical(".5") == "0.5");
    CHECK(canonical("'it''s'") == "'it''s'");
    CHECK(canonical("\"a b\".c[3].[x]]y]") == "[a b].c[3].[x]]y]");
    CHECK(canonical("[plain]") == "plain");
    CHECK(canonical("[Order]") == "[Order]");
    CHECK(canonical("getarrayelement(a, 0).b") == "a[0].b");
    CHECK(canonical("GetRecordPropertyValue(a[1], 'b c')") == "a[1].[b c]");
    CHECK(canonical("case when a then 1 end") == "CASE WHEN a THEN 1 ELSE NULL END");
    CHECK(canonical("case a when 1 then 2 else 3 end") == "CASE a WHEN 1 THEN 2 ELSE 3 END");
    CHECK(canonical("try_cast(a as NVARCHAR(MAX))") == "TRY_CAST(a AS nvarchar(max))");
    CHECK(canonical("a not like 'x!%' escape '!'") == "a NOT LIKE 'x!%' ESCAPE '!'");
    CHECK(canonical("a -- until the end\n + /* or in between */ b") == "a + b");
    CHECK(canonical("a not in (1,2)") == "a NOT IN (1, 2)");
    CHECK(canonical("timestamp > partition") == "timestamp > partition");
}

TEST_CASE("names have their case, keywords and functions have none") {
    const Fields fields = {{"a", Cell::of(std::int64_t{1})}, {"A", Cell::of(std::int64_t{2})}};
    CHECK(result("a", fields) == "1");
    CHECK(result("A", fields) == "2");
    CHECK(result("cOaLeScE(A, 0) bEtWeEn 2 aNd 2", fields) == "TRUE");
    const auto parsed = Expression::parse("a + A + a");
    REQUIRE(parsed);
    CHECK(parsed->fields().size() == 2);
}

TEST_CASE("mistakes say where, what was expected, and what helps") {
    CHECK(canonical("") == "0: expects a field, a value or (, and finds the end");
    CHECK(canonical("a >") == "3: expects a field, a value or (, and finds the end");
    CHECK(canonical("a > > b") == "4: expects a field, a value or (, and finds '>'");
    CHECK(canonical("a b") == "2: expects an operator or the end, and finds 'b'");
    CHECK(canonical("a = b = c") == "6: expects an operator or the end, and finds '='");
    CHECK(canonical("(a") == "2: expects ), and finds the end");
    CHECK(canonical("a IS NOT NUL") == "9: expects NULL, and finds 'NUL'");
    CHECK(canonical("a NOT 5") == "6: expects BETWEEN, IN or LIKE behind NOT, and finds '5'");
    CHECK(canonical("a = NULL") == "4: nothing compares with NULL (write IS NULL or IS NOT NULL)");
    CHECK(canonical("a BETWEEN 1 OR 2") == "12: expects AND, and finds 'OR' (BETWEEN a AND b)");
    CHECK(canonical("order > 1") ==
          "0: expects a field, a value or (, and finds 'order' (a field of this name is written [order])");
    CHECK(canonical("a.from") ==
          "2: expects the name of a field behind the dot, and finds 'from' (a field of this name is written [from])");
    CHECK(canonical("a AND 5") == "6: AND takes conditions, and this is a value (compare it: passenger > 0)");
    CHECK(canonical("NOT a + 1").starts_with("6: NOT takes conditions"));
    CHECK(canonical("a + 'x'") == "4: arithmetic takes numbers, and this is a text (TRY_CAST makes a number of one)");
    CHECK(canonical("CAST(a AS int)") ==
          "10: expects a type, and finds 'int' (bigint, float, nvarchar(max), bit, record or array)");
    CHECK(canonical("CAST(a AS datetime)").starts_with("10: datetime is no type of this version"));
    CHECK(canonical("CAST(a AS nvarchar(10))") == "19: expects nvarchar(max), and finds '10'");
    CHECK(canonical("ROUND(a)") ==
          "0: there is no function 'ROUND' (there are CAST, TRY_CAST, COALESCE, GetType, "
          "GetArrayElement and GetRecordPropertyValue)");
    CHECK(canonical("GetType(a, b)").starts_with("0: GetType takes one value"));
    CHECK(canonical("GetArrayElement(a, b)") == "19: expects a number, and finds 'b' (GetArrayElement(a, 0))");
    CHECK(canonical("GetArrayElement(1, 0)") == "16: this is no field (GetArrayElement(a, 0))");
    CHECK(canonical("CASE a END").starts_with("7: expects WHEN, and finds 'END'"));
    CHECK(canonical("CASE WHEN a THEN 1").starts_with("18: expects END, and finds the end"));
    CHECK(canonical("a[b]").starts_with("1: expects an operator, and finds 'b'"));
    CHECK(canonical("'abc") == "0: the text has no end (close it with ')");
    CHECK(canonical("[abc") == "0: the name has no end (close it with ])");
    CHECK(canonical("[]") == "0: a name is empty");
    CHECK(canonical("a /* b") == "2: the comment /* has no end (close it with */)");
    CHECK(canonical("a & b").starts_with("2: '&' has no meaning here"));
    CHECK(canonical("12ab").starts_with("0: a number ends in letters"));
    CHECK(canonical("9223372036854775808").starts_with("0: 9223372036854775808 is beyond 64 bits"));
    CHECK(canonical("1e999") == "0: 1e999 is out of range for a float");
    CHECK(canonical("a = '\xc3'") == "5: has a byte that is no UTF-8");
    CHECK(canonical("a = '\xed\xa0\x80'") == "5: has a byte that is no UTF-8");
    CHECK(canonical("a LIKE b") == "7: expects a pattern in single quotes behind LIKE, and finds 'b'");
    CHECK(canonical("a LIKE 'x[' ") == "7: the pattern has a [ without its ]");
    CHECK(canonical("a LIKE 'x' ESCAPE 'yz'") ==
          "18: expects one character in single quotes behind ESCAPE, and finds a text in quotes");
}

TEST_CASE("what can be no condition is known without an event") {
    const auto may = [](std::string_view text) {
        const auto parsed = Expression::parse(text);
        REQUIRE(parsed);
        return parsed->may_be_condition();
    };
    for (const char* const text :
         {"a", "a > 1", "a IS NULL", "TRUE", "NULL", "CAST(a AS bit)", "COALESCE(a > 1, FALSE)",
          "CASE WHEN a THEN b ELSE 1 END", "CASE a WHEN 1 THEN TRUE END"})
        CHECK_MESSAGE(may(text), text);
    for (const char* const text : {"1", "'x'", "a + 1", "-a", "CAST(a AS bigint)", "GetType(a)", "COALESCE(1, 2)",
                                   "CASE WHEN a THEN 1 ELSE 2 END"})
        CHECK_MESSAGE(!may(text), text);
}

TEST_CASE("bounds") {
    const auto repeated = [](std::string_view text, std::size_t times) {
        std::string all;
        for (std::size_t i = 0; i < times; ++i) all += text;
        return all;
    };
    CHECK(result(repeated("(", 63) + "1" + repeated(")", 63)) == "1");
    CHECK(canonical(repeated("(", 64) + "1" + repeated(")", 64)).ends_with("is nested deeper than 64 levels"));
    CHECK(canonical(repeated("NOT ", 64) + "a").ends_with("is nested deeper than 64 levels"));
    CHECK(canonical(repeated("- ", 64) + "a").ends_with("is nested deeper than 64 levels"));
    CHECK(canonical(repeated("GetArrayElement(", 64) + "a").ends_with("is nested deeper than 64 levels"));
    CHECK(canonical("a" + repeated(".a", 64)) == "0: a field is nested deeper than 64 levels");
    CHECK(result("1" + repeated("+1", 499)) == "500");
    CHECK(canonical("1" + repeated("+1", 500)).ends_with("has more than 1000 operations and values"));
    CHECK(canonical(repeated(" ", 8193)) == "8192: is longer than 8192 bytes");
}
