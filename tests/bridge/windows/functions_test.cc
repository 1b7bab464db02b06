// What each function comes to.
#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bridge/windows/collect.h"
#include "bridge/windows/distinct.h"
#include "bridge/windows/percentile.h"
#include "tests/bridge/windows/bench.h"

using namespace millrace;
using namespace millrace::windows;
using namespace std::chrono_literals;

namespace {

using Values = std::vector<Value>;

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
constexpr double kHuge = std::numeric_limits<double>::max();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

Value text(std::string value) { return value; }
Value whole(std::int64_t value) { return value; }

Field field_of(const Select& select, const Values& values) {
    Bench bench({aggregate(tumbling(1000s), {select})});
    for (const Value& value : values) bench.add(at(1), {value});
    return bench.close(at(2000)).at(0).fields.at(0);
}

std::string of(Function function, const Values& values) {
    const Field field = field_of(select(function, "v"), values);
    CHECK_FALSE(field.approximate);
    CHECK_FALSE(field.truncated);
    return field.overflow ? field.json + " overflow" : field.json;
}

std::string percentile(Function function, double fraction, const Values& values) {
    Select some = select(function, "v");
    some.fraction = fraction;
    return field_of(some, values).json;
}

std::string top(std::uint32_t most, bool ascending, const Values& values) {
    Select some = select(Function::top_n, "v");
    some.most = most;
    some.ascending = ascending;
    return field_of(some, values).json;
}

}  // namespace

TEST_CASE("count takes all events, or those that have the field") {
    Bench bench({aggregate(tumbling(10s), {select(Function::count), select(Function::count, "v")})});
    for (const Value& value : {Value(Null{}), Value(whole(1)), Value(text("")), Value(false), Value(RawJson{"[]"})}) {
        bench.add(at(1), {value});
    }
    const auto fields = bench.close(at(100)).at(0).fields;
    CHECK(fields[0].json == "5");
    CHECK(fields[1].json == "4");
}

TEST_CASE("of nothing but nulls there is nothing, and counts are zero") {
    for (const auto function : {Function::sum, Function::min, Function::max, Function::avg, Function::stddev,
                                Function::stddevp, Function::var, Function::varp, Function::percentile_cont,
                                Function::percentile_disc, Function::first, Function::last, Function::collect}) {
        CHECK(of(function, {Null{}, Null{}}) == "null");
    }
    CHECK(top(3, false, {Null{}}) == "null");
    CHECK(of(Function::count, {Null{}}) == "0");
    CHECK(of(Function::count_distinct, {Null{}}) == "0");
}

TEST_CASE("numbers are what numeric functions see; the rest is as null") {
    const Values mixed = {text("9"), true, whole(2), RawJson{"[7]"}, 1.5, Null{}};
    CHECK(of(Function::sum, mixed) == "3.5");
    CHECK(of(Function::avg, mixed) == "1.75");
    CHECK(of(Function::varp, mixed) == "0.0625");
    CHECK(percentile(Function::percentile_disc, 1, mixed) == "2");
    CHECK(of(Function::sum, {text("9"), true}) == "null");
}

TEST_CASE("sum: integers stay exact and say when they do not fit") {
    CHECK(of(Function::sum, {whole(9007199254740993), whole(1)}) == "9007199254740994");
    CHECK(of(Function::sum, {whole(kMost)}) == "9223372036854775807");
    CHECK(of(Function::sum, {whole(kMost), whole(1)}) == "null overflow");
    CHECK(of(Function::sum, {whole(kMost), whole(1), whole(-1)}) == "9223372036854775807");
    CHECK(of(Function::sum, {whole(kLeast), whole(-1)}) == "null overflow");
}

TEST_CASE("sum: one double makes it a double, rounded once") {
    CHECK(of(Function::sum, {whole(kMost), 1.0}) == "9223372036854775808");
    CHECK(of(Function::sum, {0.1, 0.2}) == "0.30000000000000004");
    CHECK(of(Function::sum, {1e100, 1.0, -1e100}) == "1");
    CHECK(of(Function::sum, {kHuge, kHuge, -kHuge}) == "1.7976931348623157e+308");
    CHECK(of(Function::sum, {kHuge, kHuge}) == "null overflow");
    CHECK(of(Function::sum, {kTiny, kTiny, whole(1), whole(-1)}) == "1e-323");
    CHECK(of(Function::sum, {1.0, 0x1p-53, 0x1p-53}) == "1.0000000000000002");
    CHECK(of(Function::sum, {1.0, 0x1p-53}) == "1");                          // a tie, to even
    CHECK(of(Function::sum, {1.0, 0x1p-53, kTiny}) == "1.0000000000000002");  // a little more than a tie
    CHECK(of(Function::sum, {-0.5, 0.5}) == "0");
    CHECK(of(Function::sum, {-3.5, 1.0}) == "-2.5");
}

TEST_CASE("avg is always a double, rounded once") {
    CHECK(of(Function::avg, {whole(1), whole(2)}) == "1.5");
    CHECK(of(Function::avg, {whole(1), whole(2), whole(3)}) == "2");
    CHECK(of(Function::avg, {whole(kMost), whole(kMost)}) == "9223372036854775808");
    CHECK(of(Function::avg, {kHuge, kHuge, kHuge}) == "1.7976931348623157e+308");
    CHECK(of(Function::avg, {0.1, 0.1, 0.1}) == "0.1");
    CHECK(of(Function::avg, {whole(1), whole(0), whole(0)}) == "0.3333333333333333");
    CHECK(of(Function::avg, {whole(-1), whole(0), whole(0)}) == "-0.3333333333333333");
    CHECK(of(Function::avg, {kTiny, 0.0}) == "0");
    CHECK(of(Function::avg, {kTiny, kTiny, 0.0}) == "5e-324");
}

TEST_CASE("variance and deviation, of the sample and of the population") {
    const Values values = {whole(2), whole(4), whole(4), whole(4), whole(5), whole(5), whole(7), whole(9)};
    CHECK(of(Function::varp, values) == "4");
    CHECK(of(Function::stddevp, values) == "2");
    CHECK(of(Function::var, values) == "4.571428571428571");
    CHECK(of(Function::stddev, values) == "2.138089935299395");
    CHECK(of(Function::stddev, {whole(0), whole(0), whole(15)}) == "8.660254037844387");  // a tie but for what is left
    CHECK(of(Function::var, {whole(3)}) == "null");
    CHECK(of(Function::stddev, {3.5}) == "null");
    CHECK(of(Function::varp, {whole(3)}) == "0");
    CHECK(of(Function::stddevp, {3.5}) == "0");
    CHECK(of(Function::varp, {1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0}) == "22.5");
    CHECK(of(Function::varp, {whole(kLeast), whole(kMost)}) == "8.507059173023462e+37");
    CHECK(of(Function::varp, {kHuge, -kHuge}) == "null overflow");
    CHECK(of(Function::stddevp, {kHuge, -kHuge}) == "1.7976931348623157e+308");
    CHECK(of(Function::stddevp, {1e-200, -1e-200}) == "1e-200");
    CHECK(of(Function::varp, {1e-200, -1e-200}) == "0");
}

TEST_CASE("min and max: numbers by what they are worth, then strings") {
    const Values mixed = {whole(2), 1.5, text("b"), text("a"), true, RawJson{"{}"}, whole(kMost), 9.3e18};
    CHECK(of(Function::min, mixed) == "1.5");
    CHECK(of(Function::max, mixed) == "\"b\"");
    CHECK(of(Function::max, {whole(kMost), 9.3e18, whole(1)}) == "9.3e+18");
    CHECK(of(Function::max, {whole(9007199254740993), 9007199254740992.0}) == "9007199254740993");
    CHECK(of(Function::min, {whole(-3), -3.5, -2.9}) == "-3.5");
    CHECK(of(Function::min, {whole(kLeast), -1e19, -1.5}) == "-1e+19");
    CHECK(of(Function::min, {-0.0, 0.0}) == "0");
    CHECK(of(Function::max, {true, RawJson{"[1]"}}) == "null");
}

TEST_CASE("count_distinct: typed, equal numbers are one") {
    CHECK(of(Function::count_distinct,
             {whole(1), 1.0, text("1"), true, Null{}, whole(1), RawJson{"1"}, 1.5, false, 0.0, -0.0}) == "7");
}

TEST_CASE("count_distinct: exact to its bound, then about right and marked") {
    Values values;
    for (std::size_t i = 0; i < Distinct::kExact; ++i) values.emplace_back(static_cast<std::int64_t>(i % 2000));
    CHECK(of(Function::count_distinct, values) == "1024");
    for (const std::int64_t size : {1025, 5000, 40'000, 200'000}) {
        values.clear();
        for (std::int64_t i = 0; i < size; ++i) values.emplace_back(i * 31);
        const Field field = field_of(select(Function::count_distinct, "v"), values);
        CHECK(field.approximate);
        CHECK(std::stod(field.json) == doctest::Approx(static_cast<double>(size)).epsilon(0.02));
    }
}

TEST_CASE("percentiles: between two in proportion, or the first that is enough") {
    const Values values = {whole(40), whole(10), whole(30), whole(20)};
    CHECK(percentile(Function::percentile_cont, 0.5, values) == "25");
    CHECK(percentile(Function::percentile_cont, 0, values) == "10");
    CHECK(percentile(Function::percentile_cont, 1, values) == "40");
    CHECK(percentile(Function::percentile_cont, 0.25, values) == "17.5");
    CHECK(percentile(Function::percentile_disc, 0, values) == "10");
    CHECK(percentile(Function::percentile_disc, 0.25, values) == "10");
    CHECK(percentile(Function::percentile_disc, 0.26, values) == "20");
    CHECK(percentile(Function::percentile_disc, 0.5, values) == "20");
    CHECK(percentile(Function::percentile_disc, 1, values) == "40");
    CHECK(percentile(Function::percentile_cont, 0.5, {whole(kMost), whole(1), whole(kMost)}) == "9223372036854775807");
    CHECK(percentile(Function::percentile_cont, 0.5, {-kHuge, kHuge}) == "0");
    Values hundred;
    for (std::int64_t i = 1; i <= 100; ++i) hundred.emplace_back(i);
    CHECK(percentile(Function::percentile_disc, 0.07, hundred) == "7");  // in doubles 0.07 * 100 is more than 7
    CHECK(percentile(Function::percentile_disc, 0.29, hundred) == "29");
}

TEST_CASE("percentiles: exact to a bound, then off by little and marked") {
    Values values;
    for (std::int64_t i = 0; i < 5000; ++i) values.emplace_back(i * i % 1024);
    Select median = select(Function::percentile_cont, "v");
    median.fraction = 0.5;
    CHECK_FALSE(field_of(median, values).approximate);
    for (const auto function : {Function::percentile_cont, Function::percentile_disc}) {
        for (const double fraction : {0.01, 0.5, 0.99}) {
            values.clear();
            for (std::int64_t i = 0; i <= 20'000; ++i) values.emplace_back(std::exp(static_cast<double>(i) / 2000 - 3));
            Select some = select(function, "v");
            some.fraction = fraction;
            const Field field = field_of(some, values);
            CHECK(field.approximate);
            CHECK(std::abs(std::stod(field.json) / std::exp(fraction * 10 - 3) - 1) < 0.005);
        }
    }
    for (auto& value : values) value = -std::get<double>(value);
    CHECK(std::stod(field_of(median, values).json) == doctest::Approx(-std::exp(2)).epsilon(0.005));
}

TEST_CASE("first and last are by time, then by place, of any type") {
    Bench bench({aggregate(tumbling(100s), {select(Function::first, "v"), select(Function::last, "v")})});
    bench.add(at(5), {whole(5)});
    bench.add(at(9), {RawJson{"{\"x\":1}"}});
    bench.add(at(9), {text("later")});
    bench.add(at(2), {false});
    bench.add(at(2), {whole(2)});
    bench.add(at(1), {Null{}});
    bench.add(at(10), {Null{}});
    const auto fields = bench.close(at(1000)).at(0).fields;
    CHECK(fields[0].json == "false");
    CHECK(fields[1].json == "\"later\"");
}

TEST_CASE("top_n ranks by value") {
    const Values values = {whole(3), whole(9), text("x"), whole(9), Null{}, true, 4.5};
    CHECK(top(3, false, values) == R"([{"rank":1,"value":"x"},{"rank":2,"value":9},{"rank":3,"value":9}])");
    CHECK(top(2, true, values) == R"([{"rank":1,"value":3},{"rank":2,"value":4.5}])");
    CHECK(top(9, true, {whole(1)}) == R"([{"rank":1,"value":1}])");
}

TEST_CASE("collect is an array by time, then by place") {
    Bench bench({aggregate(tumbling(100s), {select(Function::collect, "v")})});
    bench.add(at(5), {whole(5)});
    bench.add(at(1), {text("a\"\\\n\x01é")});
    bench.add(at(1), {RawJson{"[1, 2]"}});
    bench.add(at(2), {Null{}});
    bench.add(at(3), {true});
    CHECK(bench.fields(at(1000)) == "[\"a\\\"\\\\\\u000a\\u0001é\",[1, 2],true,5]");
}

TEST_CASE("collect keeps what fits from the beginning, and says so") {
    const auto collected = [](const Values& values) { return field_of(select(Function::collect, "v"), values); };
    Values values(Collect::kMost, whole(7));
    CHECK_FALSE(collected(values).truncated);
    values.push_back(whole(8));
    CHECK(collected(values).truncated);
    CHECK(collected(values).json.ends_with("7,7]"));
    const std::string half(Collect::kMostBytes / 2, 'x');
    CHECK_FALSE(collected({text(half), text(half)}).truncated);
    const Field cut = collected({text(half), text(half + "y"), whole(1)});
    CHECK(cut.truncated);
    CHECK(cut.json == '[' + ('"' + half + '"') + ']');  // nor what comes after and would fit
}

TEST_CASE("numbers as JSON: integers exact, doubles the shortest that reads back") {
    const auto last = [](Value value) { return of(Function::last, {std::move(value)}); };
    CHECK(last(whole(kLeast)) == "-9223372036854775808");
    CHECK(last(0.1) == "0.1");
    CHECK(last(1e22) == "1e+22");
    CHECK(last(5e-324) == "5e-324");
    CHECK(last(-0.0) == "0");
    CHECK(last(3.0) == "3");
    CHECK(last(std::numeric_limits<double>::infinity()) == "null");
    CHECK(last(std::numeric_limits<double>::quiet_NaN()) == "null");
}
