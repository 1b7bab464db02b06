#include "bridge/config/having_text.h"

#include <doctest/doctest.h>

#include <string>

using namespace millrace;
using namespace millrace::config;
using Op = Condition::Op;

namespace {

std::string said(std::string_view text) {
    const auto parsed = parse_having(text);
    return parsed ? "" : parsed.error();
}

bool reads(std::string_view text, std::string_view name, Op op, const millrace::Value& literal) {
    const auto parsed = parse_having(text);
    return parsed && parsed->name == name && parsed->op == op && parsed->literal == literal;
}

}  // namespace

TEST_CASE("having: names, signs and literals") {
    CHECK(reads("trips >= 10", "trips", Op::greater_or_equal, std::int64_t{10}));
    CHECK(reads("trips<=-10", "trips", Op::less_or_equal, std::int64_t{-10}));
    CHECK(reads(" a < 1.50 ", "a", Op::less, 1.5));
    CHECK(reads("a > 1e3", "a", Op::greater, 1000.0));
    CHECK(reads("a = 9223372036854775807", "a", Op::equal, std::int64_t{9223372036854775807}));
    CHECK(reads("a == 9223372036854775808", "a", Op::equal, 9223372036854775808.0));
    CHECK(reads("a != true", "a", Op::not_equal, true));
    CHECK(reads("a <> \"it's >= 1\"", "a", Op::not_equal, std::string("it's >= 1")));
    CHECK(reads("a = ''", "a", Op::equal, std::string()));
}

TEST_CASE("having: what is none") {
    const std::string hint =
        " is no condition (write a name of select, one of = != < <= > >=, and a value: trips >= 10)";
    CHECK(said("trips") == "'trips'" + hint);
    CHECK(said("") == "''" + hint);
    CHECK(said(">= 10") == "'>= 10'" + hint);
    CHECK(said("a ! 1") == "'a ! 1'" + hint);
    CHECK(said("a >= ten") == "'ten' is no number, true, false, or text in quotes (write for example trips >= 10)");
    CHECK(said("a >= ").starts_with("'' is no number"));
    CHECK(said("a >= > 1").starts_with("'> 1' is no number"));
    CHECK(said("a >= 010").starts_with("'010' is no number"));
    CHECK(said("a = null") == "'null' is met by nothing (leave the condition out)");
    CHECK(said("a > 1e400") == "'1e400' is out of range for a number");
    CHECK(said("a > true") == "'a > true' asks for an order of true and false (use = or !=)");
    CHECK(said("a = 'b\\'").contains("has a quote or a backslash"));
    CHECK(said("a = 'b'c'").contains("has a quote or a backslash"));
    CHECK(said("a = '").starts_with("''' is no number"));
}
