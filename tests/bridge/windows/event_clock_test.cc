#include "bridge/windows/event_clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/bridge/windows/bench.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::windows;
using namespace std::chrono_literals;

namespace {

using Standing = EventClock::Standing;
using Judged = EventClock::Judged;

constexpr EventClock::Rules kRules = {.out_of_order = 5s, .late = 15s, .early = 300s, .skew = 0s, .adjust = true};

EventTime minute(int minutes, int seconds) {
    return EventTime(std::chrono::minutes(minutes) + std::chrono::seconds(seconds));
}

std::string all_of(EventClock& clock) {
    ByteWriter out;
    clock.write_all(out);
    return out.take();
}

}  // namespace

TEST_CASE("the documented adjustments") {
    EventClock clock(kRules);
    CHECK(clock.judge("a", minute(10, 0), minute(10, 40)) == Judged{Standing::adjusted, minute(10, 25)});
    CHECK(clock.judge("a", minute(10, 30), minute(10, 41)) == Judged{Standing::in_time, minute(10, 30)});
    CHECK(clock.judge("a", minute(10, 42), minute(10, 42)) == Judged{Standing::in_time, minute(10, 42)});
    CHECK(clock.judge("a", minute(10, 38), minute(10, 43)) == Judged{Standing::in_time, minute(10, 38)});
    CHECK(clock.judge("a", minute(10, 35), minute(10, 45)) == Judged{Standing::adjusted, minute(10, 37)});
    CHECK(clock.watermark("a") == minute(10, 37));
}

TEST_CASE("the documented events with a wider tolerance, or dropped") {
    struct Row {
        EventTime event, arrival;
        bool in_time;  // within 8 s of disorder
        bool kept;     // with 5 s, dropped where it misses
    };
    const std::vector<Row> rows = {{minute(10, 0), minute(10, 40), false, false},
                                   {minute(10, 30), minute(10, 41), true, true},
                                   {minute(10, 42), minute(10, 42), true, true},
                                   {minute(10, 38), minute(10, 43), true, true},
                                   {minute(10, 35), minute(10, 45), true, false}};
    auto wide = kRules;
    wide.out_of_order = 8s;
    auto drop = kRules;
    drop.adjust = false;
    EventClock wider(wide);
    EventClock dropping(drop);
    for (const auto& [event, arrival, in_time, kept] : rows) {
        CHECK((wider.judge("a", event, arrival).standing == Standing::in_time) == in_time);
        CHECK((dropping.judge("a", event, arrival).standing == Standing::in_time) == kept);
    }
}

TEST_CASE("an event as late as the tolerance is in time") {
    EventClock clock(kRules);
    CHECK(clock.judge("a", minute(10, 25), minute(10, 40)) == Judged{Standing::in_time, minute(10, 25)});
    CHECK(clock.judge("b", minute(10, 25) - 1ns, minute(10, 40)) == Judged{Standing::adjusted, minute(10, 25)});
}

TEST_CASE("events that miss keep their time when they are not adjusted") {
    auto rules = kRules;
    rules.adjust = false;
    EventClock clock(rules);
    CHECK(clock.judge("a", minute(10, 0), minute(10, 40)) == Judged{Standing::late, minute(10, 0)});
    CHECK(clock.watermark("a") == minute(9, 55));
    CHECK(clock.judge("a", minute(10, 42), minute(10, 42)) == Judged{Standing::in_time, minute(10, 42)});
    CHECK(clock.judge("a", minute(10, 37), minute(10, 42)) == Judged{Standing::in_time, minute(10, 37)});
    CHECK(clock.judge("a", minute(10, 36), minute(10, 42)) == Judged{Standing::late, minute(10, 36)});
}

TEST_CASE("an event more than five minutes ahead is left out and moves nothing") {
    EventClock clock(kRules);
    CHECK(clock.judge("a", at(401), at(100)).standing == Standing::early);
    CHECK(clock.watermark("a") == EventClock::kNone);
    CHECK(clock.judge("a", at(400), at(100)) == Judged{Standing::in_time, at(400)});
}

TEST_CASE("what moves the watermark is at most the stored time and the skew") {
    auto rules = kRules;
    rules.skew = 2s;
    EventClock clock(rules);
    clock.judge("a", at(400), at(100));
    CHECK(clock.watermark("a") == at(97));
    CHECK(clock.judge("a", at(97), at(101)) == Judged{Standing::in_time, at(97)});
}

TEST_CASE("without a limit for late events only the watermark tells") {
    auto rules = kRules;
    rules.late = std::nullopt;
    EventClock clock(rules);
    CHECK(clock.judge("a", at(10), at(100'000)) == Judged{Standing::in_time, at(10)});
    CHECK(clock.judge("a", at(5), at(200'000)) == Judged{Standing::in_time, at(5)});
    CHECK(clock.judge("a", at(4), at(200'000)) == Judged{Standing::adjusted, at(5)});
}

TEST_CASE("the stored time counts where the event has none, and never goes back") {
    EventClock clock(kRules);
    CHECK(clock.judge("a", std::nullopt, at(100)) == Judged{Standing::in_time, at(100)});
    CHECK(clock.judge("a", std::nullopt, at(90)) == Judged{Standing::in_time, at(100)});
    CHECK(clock.watermark("a") == at(95));
}

TEST_CASE("the idle watermark is everybody's, and forgets who is not beyond it") {
    EventClock clock(kRules);
    clock.judge("a", at(100), at(100));
    clock.judge("b", at(120), at(120));
    clock.idle(at(100));
    CHECK(clock.watermark("a") == at(100));
    CHECK(clock.watermark("b") == at(115));
    CHECK(clock.watermark("never seen") == at(100));
    CHECK(clock.tenants() == 1);
    clock.idle(at(90));
    CHECK(clock.idle_watermark() == at(100));
    clock.judge("d", at(112), at(120));
    CHECK(clock.tenants() == 2);
    CHECK(clock.watermarks() == std::vector<std::pair<std::string, EventTime>>{{"b", at(115)}, {"d", at(107)}});
    clock.idle(at(107));
    CHECK(clock.tenants() == 1);
    CHECK(clock.judge("c", at(99), at(121)) == Judged{Standing::adjusted, at(107)});
    CHECK(clock.judge("c", at(107), at(121)) == Judged{Standing::in_time, at(107)});
}

TEST_CASE("times at the ends of what can be said") {
    EventClock clock(kRules);
    CHECK(clock.judge("a", EventTime::min(), at(100)) == Judged{Standing::adjusted, at(85)});
    CHECK(clock.judge("a", EventTime::max(), at(100)).standing == Standing::early);
    clock.judge("a", std::nullopt, EventTime::max());
    clock.idle(EventTime::max());
    CHECK(clock.judge("b", EventTime::max(), EventTime::max()).standing == Standing::in_time);
}

TEST_CASE("the clock's bytes: changes add up to all, and damaged ones are an error") {
    holds([] {
        EventClock clock(kRules);
        EventClock copy(kRules);
        const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
        std::map<std::string, EventTime> watermarks;
        for (const auto& name : names) watermarks[name] = EventClock::kNone;
        double now = 1000;
        for (const Move& move : schedule(4)) {
            const std::string& tenant = names[move.a % names.size()];
            now += static_cast<double>(move.b % 4);
            if (move.what == 0) {
                clock.idle(at(now - static_cast<double>(move.b % 30)));
            } else if (move.what == 1) {
                ByteWriter out;
                clock.write_changes(out);
                ByteReader in(out.bytes());
                RC_ASSERT(copy.read(in).has_value());
                RC_ASSERT(in.whole());
                RC_ASSERT(all_of(copy) == all_of(clock));
                std::swap(copy, clock);
            } else {
                const auto before = clock.watermark(tenant);
                const auto judged = clock.judge(tenant, at(now - static_cast<double>(move.b % 40)), at(now));
                RC_ASSERT(judged.at >= before);
            }
            for (const auto& name : names) {
                RC_ASSERT(clock.watermark(name) >= watermarks[name]);
                watermarks[name] = clock.watermark(name);
            }
        }
        std::string bytes = all_of(clock);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            ByteReader in(std::string_view(bytes).substr(0, size));
            RC_ASSERT(!EventClock(kRules).read(in).has_value());
        }
    });
}

TEST_CASE("no tenant's events move another's watermark or judgement") {
    holds([] {
        EventClock both(kRules);
        EventClock alone(kRules);
        double now = 1000;
        for (const Move& move : schedule(2)) {
            now += static_cast<double>(move.b % 4);
            const auto when = at(now - static_cast<double>(move.b % 40) + static_cast<double>(move.a % 20));
            if (move.what == 0) {
                both.judge("other", when, at(now));
                continue;
            }
            const bool same = both.judge("mine", when, at(now)) == alone.judge("mine", when, at(now));
            RC_ASSERT(same);
            RC_ASSERT(both.watermark("mine") == alone.watermark("mine"));
        }
    });
}
