// The bytes windows are stored as.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/windows/windows.h"
#include "tests/bridge/windows/bench.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::windows;
using namespace std::chrono_literals;

namespace {

std::vector<Aggregate> one_of_each() {
    std::vector<Select> selects;
    for (int i = 0; i <= static_cast<int>(Function::collect); ++i) {
        selects.push_back(select(static_cast<Function>(i), "v"));
        selects.back().most = 2;
        selects.back().fraction = 0.5;
    }
    std::vector<Aggregate> all;
    for (const Window& window :
         {tumbling(10s), hopping(10s, 3s), sliding(4s), session(3s, 10s), snapshot(), tumbling(7s, 2s)}) {
        all.push_back(aggregate(window, selects, {"g"}));
    }
    return all;
}

std::string all_of(Windows& windows) {
    ByteWriter out;
    windows.write_all(out);
    return out.take();
}

std::string changes_of(Windows& windows) {
    ByteWriter out;
    windows.write_changes(out);
    return out.take();
}

// Key to body.
std::map<std::string, std::string> records(const std::string& bytes) {
    std::map<std::string, std::string> found;
    ByteReader in(bytes);
    for (std::uint64_t left = in.number(); left > 0; --left) {
        const std::string key(in.text());
        found.emplace(key, in.text());
    }
    CHECK(in.whole());
    return found;
}

// The number of the event is its place.
void add_one(Windows& windows, std::uint64_t i) {
    const auto number = static_cast<std::int64_t>(i) * 7919;
    std::vector<Value> values = {number % 3, number % 11};
    if (number % 4 == 0) values[1] = static_cast<double>(number % 100) / 8;
    if (number % 5 == 0) values[1] = std::string("text");
    windows.add({number % 2 == 0 ? "a" : "b", at(static_cast<double>(number % 40)), {i, 0}, values});
}

}  // namespace

TEST_CASE("what changed is written once; a group that is gone has no body") {
    Bench bench({aggregate(tumbling(10s), {select(Function::count)}, {"g"})});
    CHECK(records(changes_of(bench.windows)).empty());
    bench.add(at(1), {std::int64_t{1}});
    bench.add(at(11), {std::int64_t{2}});
    CHECK(records(changes_of(bench.windows)).size() == 2);
    CHECK(records(changes_of(bench.windows)).empty());
    bench.add(at(12), {std::int64_t{2}});
    CHECK(records(changes_of(bench.windows)).size() == 1);

    bench.add(at(13), {std::int64_t{3}});  // comes and goes between two writings
    bench.close(at(15));
    const auto gone = records(changes_of(bench.windows));
    REQUIRE(gone.size() == 2);
    CHECK(std::ranges::count_if(gone, [](const auto& record) { return record.second.empty(); }) == 1);
    bench.close(at(100));
    CHECK(records(changes_of(bench.windows)).size() == 2);
    CHECK(records(all_of(bench.windows)).empty());
}

TEST_CASE("what is held of each aggregate is told, also of what was read") {
    const std::vector<Aggregate> aggregates = {aggregate(tumbling(10s), {select(Function::count)}, {"g"}),
                                               aggregate(hopping(10s, 5s), {select(Function::count)})};
    Bench bench(aggregates);
    bench.add(at(1), {std::int64_t{1}});
    bench.add(at(1), {std::int64_t{2}}, "b");
    bench.add(at(11), {std::int64_t{1}});
    const std::string bytes = all_of(bench.windows);
    Windows again(aggregates);
    ByteReader in(bytes);
    REQUIRE(again.read(in));
    for (const Windows* windows : {&bench.windows, &again}) {
        const auto held = windows->held();
        REQUIRE(held.size() == 2);
        CHECK(held[0].groups == 2);
        CHECK(held[0].panes == 3);
        CHECK(held[1].groups == 2);
        CHECK(held[1].panes == 3);
        CHECK(held[0].bytes + held[1].bytes > 0);
    }
    bench.close(at(100));
    CHECK(bench.windows.held()[0].groups == 1);
    CHECK(bench.windows.held()[0].panes == 1);
}

TEST_CASE("a group that was never stored leaves no record when it goes") {
    Bench bench({aggregate(tumbling(10s), {select(Function::count)}, {"g"})});
    bench.add(at(1), {std::int64_t{1}});
    bench.close(at(100));
    CHECK(records(changes_of(bench.windows)).empty());
}

TEST_CASE("a group that goes and comes again between two writings is one record") {
    Bench bench({aggregate(tumbling(10s), {select(Function::count)}, {"g"})});
    bench.add(at(1), {std::int64_t{1}});
    changes_of(bench.windows);
    bench.close(at(15));
    bench.add(at(16), {std::int64_t{1}});
    const auto changed = records(changes_of(bench.windows));
    REQUIRE(changed.size() == 1);
    CHECK_FALSE(changed.begin()->second.empty());
}

TEST_CASE("a session that goes on is written again when its events become one") {
    Bench bench({aggregate(session(5s, 0s))});
    for (const int t : {1, 2, 3}) bench.add(at(t));
    const auto apart = all_of(bench.windows);
    CHECK(bench.close(at(7)).empty());
    const auto joined = records(changes_of(bench.windows));
    REQUIRE(joined.size() == 1);
    CHECK(joined.begin()->second.size() < records(apart).begin()->second.size());
}

TEST_CASE("equal content gives equal bytes, whatever the order of arrival and of reading") {
    Bench forward(one_of_each());
    Bench other(one_of_each());
    for (std::uint64_t i = 0; i < 60; ++i) add_one(forward.windows, i);
    for (std::uint64_t i = 60; i-- > 0;) add_one(other.windows, i);
    const std::string bytes = all_of(forward.windows);
    CHECK(all_of(other.windows) == bytes);

    Windows again(forward.aggregates);
    ByteReader in(bytes);
    REQUIRE(again.read(in).has_value());
    CHECK(all_of(again) == bytes);
    CHECK(again.bytes() > forward.windows.bytes() / 2);
    CHECK(again.bytes() < forward.windows.bytes() * 2);
    CHECK(records(changes_of(again)).empty());
}

TEST_CASE("what is read takes the place of what is there") {
    const auto counts = {aggregate(tumbling(10s), {select(Function::count)}, {"g"})};
    Bench old(counts);
    Bench newer(counts);
    for (Bench* bench : {&old, &newer, &newer}) bench->add(at(1), {std::int64_t{1}});
    const std::string bytes = all_of(newer.windows);
    ByteReader in(bytes);
    REQUIRE(old.windows.read(in).has_value());
    CHECK(old.windows.groups() == 1);
    CHECK(old.ends_and_counts(at(100)) == "10:2");
    CHECK(old.windows.bytes() == 0);
}

TEST_CASE("what is read again is there, though it had gone") {
    Bench bench({aggregate(tumbling(10s))});
    bench.add(at(1));
    const std::string bytes = all_of(bench.windows);
    bench.close(at(100));
    ByteReader in(bytes);
    REQUIRE(bench.windows.read(in).has_value());
    CHECK(records(changes_of(bench.windows)).empty());
}

TEST_CASE("bytes that end early are an error that says what to do") {
    Bench bench(one_of_each());
    for (std::uint64_t i = 0; i < 20; ++i) add_one(bench.windows, i);
    const std::string bytes = all_of(bench.windows);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Windows windows(bench.aggregates);
        ByteReader in(std::string_view(bytes).substr(0, size));
        const auto read = windows.read(in);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == ErrorCode::invalid);
    }
    Windows fewer({bench.aggregates.data(), 2});
    ByteReader in(bytes);
    const auto read = fewer.read(in);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().text.find("of other aggregates") != std::string::npos);
}

TEST_CASE("damaged bytes are an error or another state, which closes and ends") {
    const auto aggregates = one_of_each();
    holds([&] {
        Bench bench(aggregates);
        for (auto i = *rc::gen::inRange(1, 12); i > 0; --i) {
            add_one(bench.windows, *rc::gen::inRange<std::uint64_t>(0, 1000));
        }
        std::vector<Closed> out;
        bench.windows.close("a", at(*rc::gen::inRange(0, 40)), 5, out);
        std::string bytes = all_of(bench.windows);
        for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
            const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
            bytes[place] = static_cast<char>(*rc::gen::inRange(0, 256));
        }
        Windows windows(aggregates);
        ByteReader in(bytes);
        if (!windows.read(in)) return;
        for (const auto& tenant : windows.tenants()) {
            windows.add({tenant, at(20), {1, 0}, std::vector<Value>{Null{}, std::int64_t{1}}});
            // A hopping window with a pane from ages ago has any number of ends; they come in pieces.
            windows.close(tenant, at(1000), 200, out);
        }
        all_of(windows);
    });
}
