// What every registered function must keep, whatever it computes: it is a function of the set of events, and its bytes
// are a function of what it holds.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bridge/windows/operands.h"
#include "bridge/windows/tally.h"
#include "tests/bridge/windows/bench.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::windows;

namespace {

constexpr auto kLastFunction = static_cast<int>(Function::collect);

struct Event {
    Value value;
    Moment moment;
};

// One accumulator, with what it takes to make it.
struct Lone {
    explicit Lone(Function function) : of(aggregate({}, {select(function, "v")})) {
        of.select[0].fraction = 0.37;
        of.select[0].most = 3;
        of.select[0].ascending = true;
    }
    Aggregate of;
    std::vector<Operand> names = operands({&of, 1});
    Shape shape{of, names};

    void add(Tally& tally, const Event& event) const {
        Value scratch;
        const Seen seen{plain(&event.value, scratch), std::holds_alternative<double>(event.value)};
        tally.add({&seen, 1}, event.moment.at, event.moment.place);
    }
    [[nodiscard]] Tally all(const std::vector<Event>& events) const {
        Tally tally(shape);
        for (const auto& event : events) add(tally, event);
        return tally;
    }
};

std::string bytes_of(const Tally& tally) {
    ByteWriter out;
    tally.write(out);
    return out.take();
}

std::string text_of(const Tally& tally) {
    const Outcome outcome = tally.outcomes().at(0);
    std::string text;
    append_json(text, outcome.value);
    return text + (outcome.approximate ? " approximate" : "") + (outcome.truncated ? " truncated" : "") +
           (outcome.overflow ? " overflow" : "");
}

Value some_value() {
    const int kind = *rc::gen::inRange(0, 20);
    const auto word = *rc::gen::arbitrary<std::uint64_t>();
    if (kind < 2) return Null{};
    if (kind < 9) return static_cast<std::int64_t>(word % 12) - 6;
    if (kind < 11) return static_cast<std::int64_t>(word);
    if (kind < 14) return static_cast<double>(word % 64) / 8 - 4;
    if (kind < 16) return std::bit_cast<double>(word);  // any at all, and some that no JSON can say
    if (kind < 18) return std::string(word % 5, static_cast<char>('a' + word % 3));
    if (kind < 19) return word % 2 == 0;
    return RawJson{word % 2 == 0 ? "[1]" : "{}"};
}

std::vector<Event> some_events() {
    std::vector<Event> events;
    std::uint64_t place = 0;
    for (int i = *rc::gen::inRange(0, 30); i > 0; --i) {
        events.push_back({some_value(), {at(*rc::gen::inRange(0, 8)), {++place, 0}}});
    }
    return events;
}

// More different values than are kept exactly, of a few kinds.
std::vector<Event> many_events(std::uint64_t seed) {
    std::vector<Event> events;
    const std::size_t size = 1000 + seed % 3000;
    for (std::size_t i = 0; i < size; ++i) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const auto number = static_cast<std::int64_t>(seed >> 20);
        Value value = number;
        if (number % 3 == 1) value = static_cast<double>(number % 4096) / 7;
        if (number % 3 == 2) value = std::bit_cast<double>(seed);
        if (number % 50 == 0) value = std::string(static_cast<std::size_t>(number % 300), 'x');
        events.push_back({value, {EventTime(Duration(number % 5000)), {i, 0}}});
    }
    return events;
}

std::vector<Event> part(const std::vector<Event>& events, std::size_t which, std::size_t of) {
    std::vector<Event> some;
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (i * 7919 % of == which) some.push_back(events[i]);
    }
    return some;
}

// What is not the same when the events come in another order, are merged in other ways, or were stored; empty for
// nothing.
std::string difference(const Lone& lone, const std::vector<Event>& events, const std::vector<Event>& shuffled) {
    const Tally one_by_one = lone.all(events);
    const std::string bytes = bytes_of(one_by_one);
    const auto same = [&](const Tally& other) {
        return bytes_of(other) == bytes && text_of(other) == text_of(one_by_one) && other.count() == events.size();
    };
    if (!same(lone.all(shuffled))) return "order";

    Tally left = lone.all(part(shuffled, 0, 3));
    left.merge(lone.all(part(shuffled, 1, 3)));
    left.merge(lone.all(part(shuffled, 2, 3)));
    if (!same(left)) return "merging from the left";

    Tally end = lone.all(part(shuffled, 1, 3));
    end.merge(lone.all(part(shuffled, 2, 3)));
    Tally right = lone.all(part(shuffled, 0, 3));
    right.merge(end.copy());
    if (!same(right)) return "merging from the right";

    Tally fresh(lone.shape);
    fresh.merge(one_by_one);
    if (!same(fresh)) return "merging into nothing";

    if (events.empty()) return "";
    Tally again(lone.shape);
    ByteReader in(bytes);
    if (!again.read(in) || !in.whole() || !same(again)) return "reading";
    if (again.held() > 2 * one_by_one.held() + 1000) return "bytes held";
    return "";
}

void survives_damage(const Lone& lone, std::string bytes, const std::vector<Event>& events) {
    for (int i = *rc::gen::inRange(1, 4); i > 0 && !bytes.empty(); --i) {
        const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                bytes[place] = static_cast<char>(*rc::gen::inRange(0, 256));
                break;
            case 1:
                bytes.resize(place);
                break;
            default:
                bytes.insert(place, 1, static_cast<char>(*rc::gen::inRange(0, 256)));
        }
    }
    ByteReader in(bytes);
    Tally read(lone.shape);
    if (!read.read(in)) return;
    for (const Event& event : events) lone.add(read, event);
    read.merge(lone.all(events));
    RC_ASSERT(!text_of(read).empty());
    RC_ASSERT(!bytes_of(read).empty());
}

template <typename Body>
void for_each_function(Body body) {
    for (int i = 0; i <= kLastFunction; ++i) {
        CAPTURE(i);
        body(Lone(static_cast<Function>(i)));
    }
}

}  // namespace

TEST_CASE("every function: any order and any merging is the same, to the byte") {
    for_each_function([](const Lone& lone) {
        holds([&] {
            const auto events = some_events();
            auto shuffled = events;
            for (std::size_t i = shuffled.size(); i > 1; --i) {
                std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
            }
            RC_ASSERT(difference(lone, events, shuffled).empty());
        });
    });
}

TEST_CASE("every function: the same with more values than are kept exactly") {
    for_each_function([](const Lone& lone) {
        for (const std::uint64_t seed : {1, 20, 333, 4444, 55555}) {
            const auto events = many_events(seed);
            std::vector<Event> shuffled;
            for (const std::size_t which : {4, 0, 2, 1, 3})
                std::ranges::copy(part(events, which, 5), std::back_inserter(shuffled));
            std::ranges::reverse(shuffled);
            CHECK(difference(lone, events, shuffled) == "");
        }
    });
}

TEST_CASE("percentiles: the same with more buckets than are kept") {
    std::vector<Event> events;
    std::uint64_t seed = 1;
    for (std::uint64_t i = 0; i < 30'000; ++i) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        events.push_back({std::bit_cast<double>(seed), {at(1), {i, 0}}});
    }
    auto reversed = events;
    std::ranges::reverse(reversed);
    CHECK(difference(Lone(Function::percentile_cont), events, reversed) == "");
}

TEST_CASE("every function: damaged bytes are an error or some other state, never a crash") {
    for_each_function([](const Lone& lone) {
        holds([&] {
            const auto events = some_events();
            survives_damage(lone, bytes_of(lone.all(events)), events);
        });
    });
}
