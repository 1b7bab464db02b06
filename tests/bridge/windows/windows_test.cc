#include "bridge/windows/windows.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/bridge/windows/bench.h"

using namespace millrace;
using namespace millrace::windows;
using namespace std::chrono_literals;
using std::chrono::sys_days;

TEST_CASE("the documented tumbling counts: what is after a start up to the end") {
    Bench bench({aggregate(tumbling(10s))});
    for (const int t : {1, 2, 3, 9, 10, 11, 20, 21, 22, 25, 30}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "10:5 20:2 30:4");
    CHECK(bench.windows.empty("a"));
    CHECK(bench.windows.groups() == 0);
    CHECK(bench.windows.bytes() == 0);
}

TEST_CASE("an offset moves the windows") {
    Bench bench({aggregate(tumbling(10s, 3s))});
    for (const double t : {3.0, 3.5, 13.0, 13.001}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "3:1 13:2 23:1");
}

TEST_CASE("a millisecond less makes a window have its start and not its end") {
    Bench bench({aggregate(tumbling(3600s, -1ms))});
    for (const double t : {0.0, 3599.999, 3600.0}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(10'000)) == "3599.999:2 7199.999:1");
}

TEST_CASE("sizes that do not divide a day are aligned to the epoch") {
    const auto noon = sys_days(2020y / 2 / 3) + 12h;  // a Monday; the epoch was a Thursday
    Bench bench({aggregate(tumbling(7min)), aggregate(tumbling(7 * 24h))});
    bench.add(noon);
    const auto closed = bench.close(EventTime::max());
    REQUIRE(closed.size() == 2);
    CHECK(closed[0].end == noon + 2min);
    CHECK(closed[1].end == sys_days(2020y / 2 / 6));
}

TEST_CASE("windows are aligned to the epoch before it as well") {
    Bench bench({aggregate(tumbling(10s)), aggregate(hopping(10s, 4s))});
    bench.add(at(-10));
    bench.add(at(-9));
    CHECK(bench.ends_and_counts(at(100)) == "-10:1 -8:2 -4:2 0:1 0:1");
}

TEST_CASE("a hopping window has what was in the last size at each hop") {
    Bench bench({aggregate(hopping(10s, 5s))});
    for (const int t : {6, 7, 8, 9, 10, 11, 12, 18, 19, 21, 22, 23, 24, 26}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "10:5 15:7 20:4 25:6 30:5 35:1");
}

TEST_CASE("the documented hopping counts") {
    Bench bench({aggregate(hopping(10s, 5s))});
    for (const int t : {1, 2, 3, 4, 7, 12, 15, 21, 22, 23, 25}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "5:4 10:5 15:3 20:2 25:4 30:4");
}

TEST_CASE("a hop that does not divide the size") {
    Bench bench({aggregate(hopping(5s, 2s))});
    bench.add(at(3));  // in the windows that end at 4, 6 and 8: (-1,4] (1,6] (3,8] has it not
    CHECK(bench.ends_and_counts(at(1000)) == "4:1 6:1");
    bench.add(at(103.5));
    CHECK(bench.ends_and_counts(at(1000)) == "104:1 106:1 108:1");
}

TEST_CASE("the documented sliding counts: a window ends where an event comes in or goes out, unless it is empty then") {
    Bench bench({aggregate(sliding(5s))});
    for (const int t : {34, 38, 42}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "34:1 38:2 39:1 42:2 43:1");
}

TEST_CASE("the documented sliding alert: events of one time make one window") {
    auto four = aggregate(sliding(10s));
    four.having = {{0, Condition::Op::greater, std::int64_t{3}}};
    Bench bench({four});
    for (const int t : {6, 13, 15, 15}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "15:4");
}

TEST_CASE("a session goes on while no gap is longer than the timeout") {
    Bench bench({aggregate(session(5s, 100s))});
    for (const int t : {1, 6, 12, 13}) bench.add(at(t));
    const auto closed = bench.close(at(1000));
    REQUIRE(closed.size() == 2);
    CHECK(closed[0].start == at(1));
    CHECK(closed[0].end == at(11));
    CHECK(closed[0].count == 2);
    CHECK(closed[1].start == at(12));
    CHECK(closed[1].end == at(18));
}

TEST_CASE("the documented checks of sessions: cut at the first multiple of the most at which it is old enough") {
    Bench bench({aggregate(session(5s, 10s))});
    for (int t = 3; t <= 27; t += 2) bench.add(at(t));  // at 10 it is 7 s old, at 20 it is 17 s old
    bench.add(at(20));                                  // at the very check: still in it
    const auto closed = bench.close(at(1000));
    REQUIRE(closed.size() == 2);
    CHECK(closed[0].start == at(3));
    CHECK(closed[0].end == at(20));
    CHECK(closed[0].count == 10);
    CHECK(closed[1].start == at(21));
    CHECK(closed[1].end == at(32));
    CHECK(closed[1].count == 4);
}

TEST_CASE("a session is cut at a check even when nothing more comes") {
    Bench bench({aggregate(session(8s, 10s))});
    for (const int t : {10, 17}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "20:2");
}

TEST_CASE("a session may last for nearly twice its most") {
    Bench bench({aggregate(session(5s, 10s))});
    for (int t = 1; t <= 30; t += 4) bench.add(at(t));  // at 10 it is 9 s old
    const auto closed = bench.close(at(1000));
    REQUIRE(closed.size() == 2);
    CHECK(closed[0].end - closed[0].start == 19s);
    CHECK(closed[1].start == at(21));
}

TEST_CASE("sessions are each group's own") {
    Bench bench({aggregate(session(5s, 100s), {select(Function::count)}, {"g"})});
    for (const int t : {1, 5, 9}) bench.add(at(t), {std::string("a")});
    for (const int t : {3, 9}) bench.add(at(t), {std::string("b")});
    CHECK(bench.ends_and_counts(at(1000)) == "8:1 14:3 14:1");
}

TEST_CASE("a long session is held as one pane") {
    Bench bench({aggregate(session(5s, 0s))});
    for (int t = 0; t < 2000; ++t) {
        bench.add(at(t));
        CHECK(bench.close(at(t)).empty());
    }
    CHECK(bench.windows.bytes() < 10'000);
    CHECK(bench.ends_and_counts(at(5000)) == "2004:2000");
}

TEST_CASE("a snapshot has the events of one time") {
    Bench bench({aggregate(snapshot())});
    for (const int t : {1, 3, 1, 2}) bench.add(at(t));
    const auto closed = bench.close(at(3));
    REQUIRE(closed.size() == 2);
    CHECK(closed[0].start == at(1));
    CHECK(closed[0].end == at(1));
    CHECK(closed[0].count == 2);
}

TEST_CASE("the documented snapshot: of one topic and one time") {
    Bench bench({aggregate(snapshot(), {select(Function::count)}, {"topic"})});
    for (const auto* topic : {"x", "y", "x", "x"}) bench.add(at(1), {std::string(topic)});
    bench.add(at(2), {std::string("x")});
    CHECK(bench.ends_and_counts(at(1000)) == "1:3 1:1 2:1");
}

TEST_CASE("no event, no output") {
    Bench bench({aggregate(tumbling(10s)), aggregate(hopping(10s, 5s)), aggregate(sliding(5s)),
                 aggregate(session(5s, 10s)), aggregate(snapshot())});
    CHECK(bench.close(EventTime::max()).empty());
    bench.add(at(1));
    CHECK(bench.close(at(1000)).size() == 1 + 2 + 1 + 1 + 1);
    CHECK(bench.close(EventTime::max()).empty());
}

TEST_CASE("a window closes when the watermark is beyond its end, not at it") {
    Bench bench({aggregate(tumbling(10s))});
    bench.add(at(10));
    CHECK(bench.close(at(10)).empty());
    bench.add(at(10));
    CHECK(bench.ends_and_counts(at(10) + 1ns) == "10:2");
}

TEST_CASE("the watermark may be the end of time") {
    Bench bench({aggregate(tumbling(10s)), aggregate(hopping(10s, 5s)), aggregate(sliding(1s)),
                 aggregate(session(1s, 2s)), aggregate(snapshot())});
    for (const auto t : {EventTime::min(), at(0), EventTime::max()}) bench.add(t);
    CHECK(bench.close(EventTime::max()).size() == 2 * (1 + 2 + 1 + 1 + 1));
}

TEST_CASE("outputs come by end, then aggregate, then group") {
    Bench bench({aggregate(tumbling(10s), {select(Function::count)}, {"g"}), aggregate(tumbling(5s))});
    for (const auto* g : {"b", "a", "c"}) bench.add(at(10), {std::string(g)});
    bench.add(at(1), {std::string("a")});
    std::vector<std::string> seen;
    for (const auto& closed : bench.close(at(100))) {
        seen.push_back(std::to_string(closed.end.time_since_epoch() / 1s) + ' ' + std::to_string(closed.aggregate) +
                       (closed.group.empty() ? "" : ' ' + std::get<std::string>(closed.group[0])));
    }
    CHECK(seen == std::vector<std::string>{"5 1", "10 0 a", "10 0 b", "10 0 c", "10 1"});
}

TEST_CASE("group values are typed, and equal numbers are one") {
    Bench bench({aggregate(tumbling(10s), {select(Function::count)}, {"g"})});
    for (const Value& value : {Value(std::int64_t{1}), Value(1.0), Value(std::string("1")), Value(true), Value(Null{}),
                               Value(RawJson{"[1]"}), Value(1.5)}) {
        bench.add(at(1), {value});
    }
    std::vector<std::pair<Value, std::uint64_t>> seen;
    for (const auto& closed : bench.close(at(100))) seen.emplace_back(closed.group.at(0), closed.count);
    CHECK(seen ==
          std::vector<std::pair<Value, std::uint64_t>>{
              {Null{}, 1}, {true, 1}, {std::int64_t{1}, 2}, {1.5, 1}, {std::string("1"), 1}, {RawJson{"[1]"}, 1}});
}

TEST_CASE("a window tells the lowest and the highest place in it") {
    Bench bench({aggregate(tumbling(10s))});
    for (const int t : {5, 25, 4, 6}) bench.add(at(t));
    const auto closed = bench.close(at(100));
    REQUIRE(closed.size() == 2);
    CHECK(closed[0].first == Place{1, 0});
    CHECK(closed[0].last == Place{4, 0});
}

TEST_CASE("one tenant's watermark closes nothing of another") {
    Bench bench({aggregate(tumbling(10s))});
    bench.add(at(1), {}, "a");
    bench.add(at(1), {}, "b");
    CHECK(bench.close(at(100), "a").size() == 1);
    CHECK_FALSE(bench.windows.empty("b"));
    CHECK(bench.windows.tenants() == std::vector<std::string>{"b"});
    CHECK(bench.close(at(100), "nobody").empty());
}

TEST_CASE("having compares what a window came to; a null meets nothing") {
    struct Case {
        Condition::Op op;
        Value literal;
        std::string expected;
    };
    const std::vector<Case> cases = {
        {Condition::Op::equal, 2.0, "2"},
        {Condition::Op::not_equal, std::int64_t{2}, "1 3"},
        {Condition::Op::less, 2.5, "1 2"},
        {Condition::Op::less_or_equal, std::int64_t{2}, "1 2"},
        {Condition::Op::greater, std::int64_t{1}, "2 3"},
        {Condition::Op::greater_or_equal, std::int64_t{3}, "3"},
        {Condition::Op::not_equal, std::string("2"), ""},
    };
    for (const auto& [op, literal, expected] : cases) {
        auto some = aggregate(tumbling(10s), {select(Function::max, "v")});
        some.having = {{0, op, literal}};
        Bench bench({some});
        for (const int t : {1, 11, 21}) bench.add(at(t), {std::int64_t{t / 10 + 1}});
        bench.add(at(31), {Null{}});
        CHECK(bench.fields(at(100)) == expected);
    }
}

TEST_CASE("what is held is told, and all of it given back") {
    Bench bench({aggregate(hopping(60s, 1s), {select(Function::collect, "v"), select(Function::avg, "v")}, {"v"}),
                 aggregate(sliding(7s)), aggregate(session(3s, 20s), {select(Function::count_distinct, "v")})});
    for (int t = 0; t < 500; ++t) {
        bench.add(at(t), {std::string(200, static_cast<char>('a' + t % 3))});
        bench.close(at(t - 5));
    }
    CHECK(bench.windows.bytes() > 40'000);
    CHECK(bench.windows.bytes() < 1'000'000);
    bench.close(at(1000));
    CHECK(bench.windows.bytes() == 0);
}

// "1.0 [3,10]:2": group, interval and count of what is open, what is due first first.
std::string open_text(const Windows& windows, std::size_t most = SIZE_MAX) {
    std::string line;
    for (const OpenPane& each : windows.open(most)) {
        const auto part = [&](EventTime at) { return std::to_string(std::lround(seconds(at))); };
        line += (line.empty() ? "" : " ") + std::to_string(each.aggregate) + "." +
                (each.group.empty() ? "-" : std::to_string(std::get<std::int64_t>(each.group.front()))) + "[" +
                part(each.start) + "," + part(each.end) + "]:" + std::to_string(each.count);
    }
    return line;
}

TEST_CASE("what is open is told, what is due first first") {
    Bench bench({aggregate(tumbling(10s), {select(Function::count)}, {"g"}), aggregate(session(5s, {}))});
    for (const auto& [when, group] : {std::pair(12, 7), {13, 7}, {25, 7}, {3, 8}})
        bench.add(at(when), {std::int64_t{group}});
    CHECK(open_text(bench.windows) ==
          "1.-[3,3]:1 1.-[12,12]:1 1.-[13,13]:1 1.-[25,25]:1 0.8[0,10]:1 0.7[10,20]:2 0.7[20,30]:1");
    CHECK(open_text(bench.windows, 5) == "1.-[3,3]:1 1.-[12,12]:1 1.-[13,13]:1 1.-[25,25]:1 0.8[0,10]:1");
    CHECK(open_text(bench.windows, 0) == "");
    CHECK(seconds(bench.windows.open(1).front().due) == 8);
    CHECK(bench.close(at(22)).size() == 4);
    CHECK(open_text(bench.windows) == "0.7[20,30]:1 1.-[25,25]:1");
}

// A pane reaches back to where the one before it ends, so that each moment is in one.
TEST_CASE("panes of windows that overlap lie side by side") {
    for (const auto& [size, hop, offset] : {std::tuple(10, 5, 0), {10, 4, 0}, {10, 3, 2}, {7, 7, 1}, {5, 4, 3}}) {
        CAPTURE(size);
        CAPTURE(hop);
        Bench bench(
            {aggregate(hopping(std::chrono::seconds(size), std::chrono::seconds(hop), std::chrono::seconds(offset)))});
        for (int second = 1; second <= 60; ++second) bench.add(at(second - 0.5));
        const auto all = bench.windows.open(SIZE_MAX);
        REQUIRE(all.size() > 8);
        for (std::size_t i = 0; i < all.size(); ++i) {
            CHECK((i == 0 || all[i].start == all[i - 1].end));
            const bool whole = i > 0 && i + 1 < all.size();
            CHECK((!whole || all[i].count == std::uint64_t(std::lround(seconds(all[i].end) - seconds(all[i].start)))));
        }
    }
}
