#include "bridge/config/having_text.h"

#include <doctest/doctest.h>

#include <string>

using namespace millrace;
using namespace millrace::config;
using Op = Condition::Op;

namespace {

// With the place before it.
std::string said(std::string_view text) {
    const auto parsed = parse_having(text);
    return parsed ? "" : std::to_string(parsed.error().at) + ": " + parsed.error().text;
}

bool reads(std::string_view text, std::string_view name, Op op, const millrace::Value& literal) {
    const auto parsed = parse_having(text);
    return parsed && parsed->size() == 1 && parsed->front().name == name && parsed->front().op == op &&
           parsed->front().literal == literal;
}

}  // namespace

TEST_CASE("having: names, signs and literals") {
    CHECK(reads("trips >= 10", "trips", Op::greater_or_equal, std::int64_t{10}));
    CHECK(reads("trips<=-10", "trips", Op::less_or_equal, std::int64_t{-10}));
    CHECK(reads(" a < 1.50 ", "a", Op::less, 1.5));
    CHECK(reads("a > 1e3", "a", Op::greater, 1000.0));
    CHECK(reads("a = 9223372036854775807", "a", Op::equal, std::int64_t{9223372036854775807}));
    CHECK(reads("a == 9223372036854775808.0", "a", Op::equal, 9223372036854775808.0));
    CHECK(reads("a != true", "a", Op::not_equal, true));
    CHECK(reads("a <> 'it''s >= 1'", "a", Op::not_equal, std::string("it's >= 1")));
    CHECK(reads("a = ''", "a", Op::equal, std::string()));
    CHECK(reads("[all trips] = 1", "all trips", Op::equal, std::int64_t{1}));
    CHECK(reads("\"trips-5s\" !< 1", "trips-5s", Op::greater_or_equal, std::int64_t{1}));
}

TEST_CASE("having: the value may stand first") {
    CHECK(reads("10 <= trips", "trips", Op::greater_or_equal, std::int64_t{10}));
    CHECK(reads("10 > trips", "trips", Op::less, std::int64_t{10}));
    CHECK(reads("'x' <> zone", "zone", Op::not_equal, std::string("x")));
}

TEST_CASE("having: several conditions, all of which are to be met") {
    const auto parsed = parse_having("a >= 1 AND (b < 2 AND c = 'x')");
    REQUIRE(parsed);
    REQUIRE(parsed->size() == 3);
    CHECK((*parsed)[1].name == "b");
    CHECK((*parsed)[2].literal == millrace::Value(std::string("x")));
}

TEST_CASE("having: what is none") {
    const std::string none =
        " is no condition (write a name of select, one of = <> < <= > >=, and a value: trips >= 10)";
    CHECK(said("trips") == "0: 'trips'" + none);
    CHECK(said("a > 1 OR b > 2") == "6: 'a > 1 OR b > 2'" + none);
    CHECK(said("a IS NULL") == "2: 'a IS NULL'" + none);
    CHECK(said("a > 1 AND NOT b") == "10: 'a > 1 AND NOT b'" + none);
    CHECK(said("").starts_with("0: '' is no expression: expects a field"));
    CHECK(said(">= 10").starts_with("0: '>= 10' is no expression: "));
    CHECK(said("a >= ten")
              .ends_with("compares a name with no number, TRUE, FALSE or text (a text stands in 'single "
                         "quotes')"));
    CHECK(said("a = \"b\"").starts_with("4: "));
    CHECK(said("trips-5s >= 1").contains("a number ends in letters"));
    CHECK(said("trips-x >= 1").contains("stands in [brackets]"));
    CHECK(said("a.b >= 1").contains("compares no name of select"));
    CHECK(said("1 >= 1").contains("compares no name of select"));
    CHECK(said("a = null").contains("nothing compares with NULL"));
    CHECK(said("a > 1e400").contains("out of range"));
    CHECK(said("a > true") == "4: 'a > true' asks for an order of true and false (use = or <>)");
}
