#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "subjects/identity.h"

namespace millrace::subjects {

namespace {

using namespace std::chrono_literals;

// An origin that owns what it is made of.
struct Made {
    std::string pipeline = "trips";
    std::uint32_t generation = 1;
    std::string name = "fares";
    Window window = {.kind = WindowKind::tumbling, .size = 5s};
    ServerTime start = ServerTime(10s);
    ServerTime end = ServerTime(15s);
    std::string tenant = "acme";
    std::optional<Partition> partition;
    std::vector<Value> group = {std::int64_t{1}, std::string("a")};

    bool operator==(const Made&) const = default;
    [[nodiscard]] AggregateOrigin origin() const {
        return {pipeline, generation, name, window, start, end, tenant, partition, group};
    }
};

Identity of(const Made& made) { return aggregate_identity(made.origin()); }
Identity of_group(std::vector<Value> group) {
    Made made;
    made.group = std::move(group);
    return of(made);
}

class Maker {
  public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    Made made() {
        Made made;
        made.pipeline = text();
        made.generation = below(2);
        made.name = text();
        made.window.kind = static_cast<WindowKind>(below(2));
        made.window.size = Duration(below(2));
        made.window.hop = Duration(below(2));
        made.window.offset = Duration(below(2));
        made.window.timeout = Duration(below(2));
        made.window.max_duration = Duration(below(2));
        made.start = ServerTime(Duration(below(2)));
        made.end = ServerTime(Duration(below(2)));
        made.tenant = text();
        if (below(2) == 1) made.partition = below(2);
        made.group.resize(below(4));
        for (Value& value : made.group) value = this->value();
        return made;
    }

  private:
    std::uint32_t below(std::uint32_t end) { return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_); }

    // Short, and of bytes that mean something to the canonical form.
    std::string text() {
        constexpr std::string_view kBytes("\0\1suibnd", 8);
        std::string made;
        for (auto left = below(3); left > 0; --left) made += kBytes[below(kBytes.size())];
        return made;
    }

    // No double that is whole: those are equal to integers.
    Value value() {
        switch (below(6)) {
            case 0:
                return Null{};
            case 1:
                return below(2) == 1;
            case 2:
                return static_cast<std::int64_t>(below(3)) - 1;
            case 3:
                return std::bit_cast<double>(0x3FE0000000000000ull + below(2));
            case 4:
                return RawJson{text()};
            default:
                return text();
        }
    }

    std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("aggregate identity: different aggregates never give equal bytes") {
    std::map<std::string, Made> seen;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Maker maker(seed);
        for (int i = 0; i < 1000; ++i) {
            Made made = maker.made();
            const auto [first, fresh] = seen.emplace(canonical(aggregate_tuple(made.origin())), made);
            if (!fresh && first->second != made) CHECK(first->second == made);
        }
    }
    CHECK(seen.size() > 10000);
}

TEST_CASE("aggregate identity: every part counts") {
    std::unordered_set<Identity> seen = {of(Made{})};
    const auto add = [&](auto change) {
        Made changed;
        change(changed);
        seen.insert(of(changed));
    };
    add([](Made& m) { m.pipeline = "trip"; });
    add([](Made& m) { m.generation = 2; });
    add([](Made& m) { m.name = "fare"; });
    add([](Made& m) { m.window.kind = WindowKind::hopping; });
    add([](Made& m) { m.window.size = 6s; });
    add([](Made& m) { m.window.hop = 1s; });
    add([](Made& m) { m.window.offset = 1s; });
    add([](Made& m) { m.window.timeout = 1s; });
    add([](Made& m) { m.window.max_duration = 1s; });
    add([](Made& m) { m.start += 1ns; });
    add([](Made& m) { m.end += 1ns; });
    add([](Made& m) { m.tenant = "acm"; });
    add([](Made& m) { m.partition = 0; });
    add([](Made& m) { m.partition = 1; });
    add([](Made& m) { m.group.pop_back(); });
    add([](Made& m) { std::swap(m.group[0], m.group[1]); });
    CHECK(seen.size() == 17);
}

TEST_CASE("aggregate identity: numbers that are equal are equal, and nothing else is") {
    CHECK(of_group({std::int64_t{1}}) == of_group({1.0}));
    CHECK(of_group({std::int64_t{0}}) == of_group({-0.0}));
    CHECK(of_group({std::numeric_limits<std::int64_t>::min()}) == of_group({-9223372036854775808.0}));
    const std::vector<std::vector<Value>> different = {{Null{}},
                                                       {false},
                                                       {true},
                                                       {std::int64_t{0}},
                                                       {std::int64_t{1}},
                                                       {0.5},
                                                       {1e300},
                                                       {9223372036854775808.0},
                                                       {std::numeric_limits<std::int64_t>::max()},
                                                       {std::string("1")},
                                                       {std::string("null")},
                                                       {std::string()},
                                                       {RawJson{"[1]"}},
                                                       {std::string("[1]")},
                                                       {RawJson{"[1.0]"}},
                                                       {},
                                                       {Null{}, Null{}},
                                                       {std::numeric_limits<double>::infinity()},
                                                       {-std::numeric_limits<double>::infinity()}};
    std::unordered_set<Identity> seen;
    for (const auto& group : different) seen.insert(of_group(group));
    CHECK(seen.size() == different.size());
}

TEST_CASE("aggregate identity: fixed vectors, computed apart from this program") {
    CHECK(to_hex(of(Made{})) == "677e7d783e0f07d154ea0ce29a801efd");
    Made partial;
    partial.partition = 3;
    partial.group = {Null{}, true, 0.5, RawJson{"[1]"}};
    CHECK(to_hex(of(partial)) == "e845e73e465ef5b8ccbd211f624531d8");
}

TEST_CASE("late identity: is not the event's") {
    const EventOrigin origin = {.pipeline = "trips", .stream = "EVENTS", .sequence = 42};
    CHECK(late_identity(origin) != event_identity(origin));
    EventOrigin other = origin;
    other.element = 1;
    CHECK(late_identity(other) != late_identity(origin));
}

}  // namespace millrace::subjects
