#include "bridge/config/select_text.h"

#include <doctest/doctest.h>

#include <string>

using namespace millrace;
using namespace millrace::config;

namespace {

std::string said(std::string_view text) {
    const auto parsed = parse_select(text);
    return parsed ? "" : parsed.error();
}

Select with(Function function, std::string path) {
    Select select;
    select.function = function;
    select.operand = {Operand::From::event, std::move(path)};
    return select;
}

}  // namespace

TEST_CASE("select: functions and their arguments") {
    CHECK(parse_select("count()") == Select{});
    CHECK(parse_select(" count ( ) ") == Select{});
    CHECK(parse_select("count(fare)") == with(Function::count, "fare"));
    CHECK(parse_select("count_distinct(/a/b)") == with(Function::count_distinct, "/a/b"));
    CHECK(parse_select("collect( trip id )") == with(Function::collect, "trip id"));
    Select percentile = with(Function::percentile_cont, "distance");
    percentile.fraction = 0.95;
    CHECK(parse_select("percentile_cont(0.95, distance)") == percentile);
    Select top = with(Function::top_n, "fare");
    top.most = 3;
    CHECK(parse_select("top_n(3,fare)") == top);
    CHECK(parse_select("top_n(3, fare, desc)") == top);
    top.ascending = true;
    CHECK(parse_select("top_n(3, fare, asc)") == top);
}

TEST_CASE("select: operands of the event and of the score") {
    using From = Operand::From;
    CHECK(parse_operand("fare") == Operand{From::event, "fare"});
    CHECK(parse_operand("/score") == Operand{From::event, "/score"});
    CHECK(parse_operand("scores") == Operand{From::event, "scores"});
    CHECK(parse_operand("a.b") == Operand{From::event, "a.b"});
    CHECK(parse_operand("score") == Operand{From::score, ""});
    CHECK(parse_operand("score.fare") == Operand{From::score, "fare"});
    CHECK(parse_operand("score/a/b") == Operand{From::score, "/a/b"});
}

TEST_CASE("select: what is none") {
    CHECK(said("count") == "'count' is no call of a function (write for example avg(distance))");
    CHECK(said("") == "'' is no call of a function (write for example avg(distance))");
    CHECK(said("avg(x) ms").contains("has no closing bracket at its end"));
    CHECK(said("average(x)").starts_with("'average(x)' calls 'average', which is no function (there are count "));
    CHECK(said("stdev(x)") == "'stdev(x)' calls 'stdev', which is no function (did you mean stddev?)");
    CHECK(said("avg()") == "'avg()' has 0 arguments (write avg(FIELD))");
    CHECK(said("avg(a, b)") == "'avg(a, b)' has 2 arguments (write avg(FIELD))");
    CHECK(said("count(a, b)") == "'count(a, b)' has 2 arguments (write count() or count(FIELD))");
    CHECK(said("count(*)") == "'*' is no field (write count() to count every event)");
    CHECK(said("avg(score.)") == "'' is no field name (write a name, or a JSON Pointer such as /trip/distance)");
    CHECK(said("avg(/a~b)") == "'/a~b' has a ~ that is neither ~0 (for ~) nor ~1 (for /)");
    CHECK(said("avg(sum(x))") ==
          "'sum(x)' has a bracket or a quote in it, and must be a field of the event, or of the "
          "score (write distance, /trip/distance, score or score.fare)");
    CHECK(said("percentile_cont(95, x)") == "'95' is no number from 0 to 1 (write percentile_cont(0.95, FIELD))");
    CHECK(said("percentile_disc(x)") == "'percentile_disc(x)' has 1 arguments (write percentile_disc(0.95, FIELD))");
    CHECK(said("top_n(0, x)") ==
          "'0' is no whole number from 1 to 100 (write top_n(3, FIELD) or top_n(3, FIELD, asc))");
    CHECK(said("top_n(101, x)").starts_with("'101' is no whole number"));
    CHECK(said("top_n(3, x, up)") == "'up' is no order (write asc or desc)");
}
