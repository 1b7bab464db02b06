// Every operator with NULL and with each pair of types.
#include <limits>

#include "tests/bridge/expression/bench.h"

using namespace millrace::expression;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

const Fields kOfEachType = {
    {"bit", Cell::of(true)},
    {"whole", Cell::of(std::int64_t{7})},
    {"real", Cell::of(2.5)},
    {"text", Cell::of(std::string_view("abc"))},
    {"record", Cell{.type = Type::record, .text = R"({"a":1})"}},
    {"array", Cell{.type = Type::array, .text = "[1]"}},
};

bool is_number(std::string_view type) { return type == "bit" || type == "whole" || type == "real"; }

}  // namespace

TEST_CASE("arithmetic has a value for numbers alone, and NULL for every other pair") {
    for (const char* const op : {"+", "-", "*", "/", "%"}) {
        for (const auto& [left, left_cell] : kOfEachType) {
            for (const auto& [right, right_cell] : kOfEachType) {
                const std::string text = left + " " + op + " " + right;
                CAPTURE(text);
                CHECK((result(text, kOfEachType) != "NULL") == (is_number(left) && is_number(right)));
            }
            CHECK(result(left + " " + op + " nothing", kOfEachType) == "NULL");
            CHECK(result(std::string("nothing ") + op + " " + left, kOfEachType) == "NULL");
        }
    }
}

TEST_CASE("a comparison is unknown between what has no order") {
    for (const char* const op : {"=", "<>", "<", "<=", ">", ">="}) {
        for (const auto& [left, left_cell] : kOfEachType) {
            for (const auto& [right, right_cell] : kOfEachType) {
                const std::string text = left + " " + op + " " + right;
                CAPTURE(text);
                const bool ordered = (is_number(left) && is_number(right)) || (left == "text" && right == "text");
                CHECK((result(text, kOfEachType) != "NULL") == ordered);
            }
            CHECK(result(left + " " + op + " nothing", kOfEachType) == "NULL");
            CHECK(result(std::string("nothing ") + op + " " + left, kOfEachType) == "NULL");
        }
        CHECK(result(std::string("nothing ") + op + " nothing") == "NULL");
    }
}

TEST_CASE("integers stay integers") {
    CHECK(result("2 + 3") == "5");
    CHECK(result("2 - 3") == "-1");
    CHECK(result("9007199254740993 * 3") == "27021597764222979");
    CHECK(result("7 / 2") == "3");
    CHECK(result("-7 / 2") == "-3");
    CHECK(result("7 % 3") == "1");
    CHECK(result("-7 % 3") == "-1");
    CHECK(result("7 % -3") == "1");
    CHECK(result("-a", {{"a", Cell::of(std::int64_t{5})}}) == "-5");
    CHECK(result("flag + 1", {{"flag", Cell::of(true)}}) == "2");
}

TEST_CASE("an integer beyond 64 bits, and what is divided by zero, have no value") {
    const Fields edges = {{"most", Cell::of(kMost)}, {"least", Cell::of(kLeast)}, {"zero", Cell::of(std::int64_t{0})}};
    CHECK(result("most + 1", edges) == "NULL");
    CHECK(result("least - 1", edges) == "NULL");
    CHECK(result("most * 2", edges) == "NULL");
    CHECK(result("-least", edges) == "NULL");
    CHECK(result("least / -1", edges) == "NULL");
    CHECK(result("least % -1", edges) == "0");
    CHECK(result("most / zero", edges) == "NULL");
    CHECK(result("most % zero", edges) == "NULL");
    CHECK(result("1.0 / zero", edges) == "NULL");
    CHECK(result("1.0 % zero", edges) == "NULL");
    CHECK(result("0.0 / 0.0") == "NULL");
    CHECK(result("1e308 * 10") == "NULL");
    CHECK(result("-9223372036854775808") == "-9223372036854775808");
}

TEST_CASE("a float among integers makes floats") {
    CHECK(result("2 + 0.5") == "2.5");
    CHECK(result("7 / 2.0") == "3.5");
    CHECK(result("7.5 % 2") == "1.5");
    CHECK(result("2 * 2.0") == "4.0");
    CHECK(result("-x", {{"x", Cell::of(0.5)}}) == "-0.5");
}

TEST_CASE("numbers compare by their exact value") {
    const Fields edges = {{"most", Cell::of(kMost)},
                          {"least", Cell::of(kLeast)},
                          {"odd", Cell::of((std::int64_t{1} << 53) + 1)},
                          {"even", Cell::of(9007199254740992.0)},
                          {"beyond", Cell::of(9223372036854775808.0)},
                          {"below", Cell::of(-9223372036854775808.0)},
                          {"huge", Cell::of(std::numeric_limits<double>::infinity())}};
    CHECK(result("odd = even", edges) == "FALSE");
    CHECK(result("odd > even", edges) == "TRUE");
    CHECK(result("even < odd", edges) == "TRUE");
    CHECK(result("most < beyond", edges) == "TRUE");
    CHECK(result("least = below", edges) == "TRUE");
    CHECK(result("beyond > most", edges) == "TRUE");
    CHECK(result("huge > most", edges) == "TRUE");
    CHECK(result("-huge", edges) == "NULL");
    CHECK(result("-1 > -1.5") == "TRUE");
    CHECK(result("1 < 1.5") == "TRUE");
    CHECK(result("3 = 3.0") == "TRUE");
    CHECK(result("0 = -0.0") == "TRUE");
    CHECK(result("bit = 1", kOfEachType) == "TRUE");
    CHECK(result("TRUE > FALSE") == "TRUE");
}

TEST_CASE("texts compare by code points, with their case") {
    CHECK(result("'a' = 'a'") == "TRUE");
    CHECK(result("'a' = 'A'") == "FALSE");
    CHECK(result("'a' > 'B'") == "TRUE");
    CHECK(result("'a' < 'ab'") == "TRUE");
    CHECK(result("'\xc3\xa9' > 'z'") == "TRUE");
    CHECK(result("'\xf0\x9f\x9a\x95' > '\xef\xbf\xbd'") == "TRUE");  // not the order of UTF-16
    CHECK(result("'a' = 'a '") == "FALSE");
    CHECK(result("'10' > 9") == "NULL");
}

TEST_CASE("NOT, AND and OR know three values, and a fault that matters") {
    const char* const kValues[] = {"TRUE", "FALSE", "n = n", "CAST('x' AS bit)"};
    const std::string kFault = "fault";
    const auto simple = [](std::string shown) { return shown.starts_with("fault") ? std::string("fault") : shown; };
    const std::string kAnd[4][4] = {{"TRUE", "FALSE", "NULL", kFault},
                                    {"FALSE", "FALSE", "FALSE", "FALSE"},
                                    {"NULL", "FALSE", "NULL", kFault},
                                    {kFault, "FALSE", kFault, kFault}};
    const std::string kOr[4][4] = {{"TRUE", "TRUE", "TRUE", "TRUE"},
                                   {"TRUE", "FALSE", "NULL", kFault},
                                   {"TRUE", "NULL", "NULL", kFault},
                                   {"TRUE", kFault, kFault, kFault}};
    const std::string kNot[4] = {"FALSE", "TRUE", "NULL", kFault};
    for (int i = 0; i < 4; ++i) {
        const std::string left = std::string("(") + kValues[i] + ")";
        CHECK(simple(result("NOT " + left)) == kNot[i]);
        for (int j = 0; j < 4; ++j) {
            const std::string right = std::string("(") + kValues[j] + ")";
            CAPTURE(left + right);
            CHECK(simple(result(left + " AND " + right)) == kAnd[i][j]);
            CHECK(simple(result(left + " OR " + right)) == kOr[i][j]);
        }
    }
}

TEST_CASE("a number or text where a condition is wanted is unknown") {
    CHECK(result("text AND TRUE", kOfEachType) == "NULL");
    CHECK(result("NOT whole", kOfEachType) == "NULL");
    CHECK(result("bit AND TRUE", kOfEachType) == "TRUE");
}

TEST_CASE("IS NULL and the type of a value") {
    for (const auto& [field, cell] : kOfEachType) {
        CHECK(result(field + " IS NULL", kOfEachType) == "FALSE");
        CHECK(result(field + " IS NOT NULL", kOfEachType) == "TRUE");
        CHECK(result("GetType(" + field + ")", kOfEachType) == "'" + std::string(name(cell.type)) + "'");
    }
    CHECK(result("nothing IS NULL") == "TRUE");
    CHECK(result("nothing IS NOT NULL") == "FALSE");
    CHECK(result("1 / 0 IS NULL") == "TRUE");
    CHECK(result("GetType(nothing)") == "NULL");
    CHECK(result("CAST('x' AS bit) IS NULL") == "fault at 0: a text that is none of true, false, 1 and 0");
}

TEST_CASE("BETWEEN and IN are comparisons joined") {
    CHECK(result("2 BETWEEN 1 AND 3") == "TRUE");
    CHECK(result("1 BETWEEN 1 AND 1") == "TRUE");
    CHECK(result("4 BETWEEN 1 AND 3") == "FALSE");
    CHECK(result("2 NOT BETWEEN 1 AND 3") == "FALSE");
    CHECK(result("2 BETWEEN 3 AND 1") == "FALSE");
    CHECK(result("n BETWEEN 1 AND 3") == "NULL");
    CHECK(result("2 BETWEEN n AND 3") == "NULL");
    CHECK(result("4 BETWEEN n AND 3") == "FALSE");  // whatever n is
    CHECK(result("'b' BETWEEN 'a' AND 'c'") == "TRUE");
    CHECK(result("2 IN (1, 2)") == "TRUE");
    CHECK(result("3 IN (1, 2)") == "FALSE");
    CHECK(result("3 NOT IN (1, 2)") == "TRUE");
    CHECK(result("3 IN (1, NULL)") == "NULL");
    CHECK(result("1 IN (1, NULL)") == "TRUE");
    CHECK(result("3 NOT IN (1, NULL)") == "NULL");
    CHECK(result("n IN (1, 2)") == "NULL");
    CHECK(result("'a' IN ('b', 'a')") == "TRUE");
    CHECK(result("1 IN ('1')") == "NULL");
}

TEST_CASE("CASE takes the first branch that is true") {
    CHECK(result("CASE WHEN 1 > 2 THEN 'a' WHEN 2 > 1 THEN 'b' ELSE 'c' END") == "'b'");
    CHECK(result("CASE WHEN n > 1 THEN 'a' ELSE 'c' END") == "'c'");
    CHECK(result("CASE WHEN n > 1 THEN 'a' END") == "NULL");
    CHECK(result("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END") == "'b'");
    CHECK(result("CASE n WHEN 1 THEN 'a' ELSE 'b' END") == "'b'");
}

TEST_CASE("a fault in a branch that is not taken matters to nobody") {
    CHECK(result("CASE WHEN x IS NOT NULL THEN CAST(x AS bigint) ELSE 0 END") == "0");
    CHECK(result("CASE WHEN x > 1 THEN 1 ELSE CAST('y' AS bigint) END") ==
          "fault at 28: a text that is no integer of 64 bits");
    CHECK(result("COALESCE(1, CAST('y' AS bigint))") == "1");
    CHECK(result("COALESCE(NULL, CAST('y' AS bigint), 1)").starts_with("fault"));
    CHECK(result("CASE WHEN CAST('y' AS bit) THEN 1 ELSE 2 END").starts_with("fault"));
    CHECK(result("CAST('y' AS bigint) + 1").starts_with("fault at 0"));
    CHECK(result("1 < CAST('y' AS bigint)").starts_with("fault at 4"));
}

TEST_CASE("the reference's examples") {
    CHECK(result("COALESCE(0, 'a')") == "0");
    CHECK(result("COALESCE(NULL, 'a')") == "'a'");
    CHECK(result("COALESCE(NULL, NULL)") == "NULL");
    CHECK(result("COALESCE(NULL, NULL, 2, NULL)") == "2");
    CHECK(result("TRY_CAST('this is a string' AS bigint)") == "NULL");
    CHECK(result("CAST('this is a string' AS bigint)").starts_with("fault"));
    const Fields toll = {{"TollId", Cell::of(std::string_view("3"))}};
    CHECK(result("CAST( TollId AS bigint) > 2", toll) == "TRUE");
    CHECK(result("GetType( TollId ) = 'nvarchar(max)'", toll) == "TRUE");
    const Fields sensor = {{"Location.Lat", Cell::of(std::int64_t{47})}, {"Custom[2]", Cell::of(std::int64_t{9})}};
    CHECK(result("Location.Lat", sensor) == "47");
    CHECK(result("GetRecordPropertyValue(Location, 'Lat')", sensor) == "47");
    CHECK(result("GetArrayElement(Custom, 2)", sensor) == "9");
    CHECK(result("[Location].\"Lat\" !> 47 AND Location.Lat !< 47", sensor) == "TRUE");
}
