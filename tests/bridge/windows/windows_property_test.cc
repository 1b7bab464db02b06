// Windows against a list of all events, filtered per window, under made-up arrivals within a tolerance, closings in
// pieces, and state that is stored and read back in between.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/windows/windows.h"
#include "tests/bridge/windows/bench.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::windows;
using namespace std::chrono_literals;

namespace {

// Whole seconds, so that the model can count in them.
struct Event {
    std::int64_t at;
    std::string tenant;
    std::int64_t group;
    std::uint64_t place;
    std::int64_t value;
};

struct Expected {
    std::int64_t end;
    std::int64_t group;
    std::int64_t start;
    std::vector<Event> events;
};

std::vector<Event> within(const std::vector<Event>& events, std::int64_t start, std::int64_t end) {
    std::vector<Event> found;
    std::ranges::copy_if(events, std::back_inserter(found),
                         [&](const Event& e) { return start < e.at && e.at <= end; });
    return found;
}

// Second by second, as the rule is told.
std::vector<Expected> sessions(const std::vector<Event>& events, std::int64_t timeout, std::int64_t most) {
    std::vector<Expected> found;
    std::optional<Expected> open;
    const auto end_at = [&](std::int64_t end) {
        open->end = end;
        found.push_back(*std::exchange(open, std::nullopt));
    };
    for (std::int64_t now = -100; now <= 300; ++now) {
        if (open && now > open->events.back().at + timeout) end_at(open->events.back().at + timeout);
        for (const Event& event : within(events, now - 1, now)) {
            if (!open) open = Expected{0, event.group, event.at, {}};
            open->events.push_back(event);
        }
        if (open && now % most == 0 && now - open->start >= most) end_at(now);
    }
    return found;
}

std::vector<Expected> model(const Window& window, std::vector<Event> events) {
    std::ranges::sort(events, {}, [](const Event& e) { return std::pair(e.at, e.place); });
    const std::int64_t size = window.size / 1s;
    std::vector<Expected> found;
    std::set<std::int64_t> ends;
    switch (window.kind) {
        case WindowKind::session:
            return sessions(events, window.timeout / 1s, window.max_duration / 1s);
        case WindowKind::snapshot:
            for (const Event& e : events) ends.insert(e.at);
            for (const auto end : ends) found.push_back({end, 0, end, within(events, end - 1, end)});
            return found;
        case WindowKind::sliding:
            for (const Event& e : events) ends.insert({e.at, e.at + size});
            break;
        default:
            const std::int64_t hop = window.kind == WindowKind::tumbling ? size : window.hop / 1s;
            for (std::int64_t end = -100 * hop + window.offset / 1s; end < 300; end += hop) ends.insert(end);
    }
    for (const auto end : ends) {
        auto in = within(events, end - size, end);
        if (!in.empty()) found.push_back({end, 0, end - size, std::move(in)});
    }
    return found;
}

Closed told(const Expected& expected, const std::string& tenant, std::uint32_t aggregate, std::int64_t group,
            std::size_t fields) {
    Closed closed{aggregate,
                  tenant,
                  at(static_cast<double>(expected.start)),
                  at(static_cast<double>(expected.end)),
                  {group},
                  {},
                  expected.events.size(),
                  {UINT64_MAX, 0},
                  {}};
    std::string collected;
    std::int64_t sum = 0;
    for (const Event& event : expected.events) {
        closed.first = std::min(closed.first, Place{event.place, 0});
        closed.last = std::max(closed.last, Place{event.place, 0});
        collected += (collected.empty() ? "[" : ",") + std::to_string(event.value);
        sum += event.value;
    }
    closed.fields = {{std::to_string(expected.events.size())}, {std::to_string(sum)}, {collected + ']'}};
    closed.fields.resize(fields);
    return closed;
}

Window some_window(WindowKind kind) {
    const auto seconds = [](int low, int high) { return std::chrono::seconds(*rc::gen::inRange(low, high)); };
    switch (kind) {
        case WindowKind::tumbling: {
            const auto size = seconds(1, 12);
            return tumbling(size, seconds(0, static_cast<int>(size.count())));
        }
        case WindowKind::hopping: {
            const auto hop = seconds(1, 8);
            return hopping(hop + seconds(0, 12), hop, seconds(0, static_cast<int>(hop.count())));
        }
        case WindowKind::sliding:
            return sliding(seconds(1, 25));
        case WindowKind::session:
            return session(seconds(1, 5), seconds(1, 15));
        case WindowKind::snapshot:
            break;
    }
    return snapshot();
}

class Run {
  public:
    explicit Run(std::vector<Aggregate> aggregates) : aggregates_(std::move(aggregates)), windows_(aggregates_) {}

    void add(const Event& event) {
        Watermark& mark = watermarks_[event.tenant];
        mark.seen = std::max(mark.seen, event.at);
        if (event.at < mark.closed) return;
        const std::vector<Value> values = {event.group, event.value};
        windows_.add({event.tenant, at(static_cast<double>(event.at)), {event.place, 0}, values});
        events_.push_back(event);
    }

    // In pieces of `most`, with the state handed over between them when `hop`.
    void close(const std::string& tenant, std::int64_t watermark, std::size_t most, bool hop) {
        Watermark& mark = watermarks_[tenant];
        mark.closed = std::max(mark.closed, watermark);
        for (bool done = false; !done;) {
            std::vector<Closed> out;
            done = windows_.close(tenant, at(static_cast<double>(mark.closed)), most, out);
            RC_ASSERT(out.size() <= most);
            RC_ASSERT(done || out.size() == most);
            std::ranges::move(out, std::back_inserter(closed_[tenant]));
            if (hop) hand_over();
        }
    }
    [[nodiscard]] std::int64_t seen(const std::string& tenant) { return watermarks_[tenant].seen; }

    // The changes to what was stored before, or all anew; then another reads it.
    void hand_over() {
        ByteWriter changes;
        windows_.write_changes(changes);
        deltas_.push_back(changes.take());
        Windows next(aggregates_);
        for (const auto& delta : deltas_) {
            ByteReader in(delta);
            RC_ASSERT(next.read(in).has_value());
            RC_ASSERT(in.whole());
        }
        ByteWriter mine;
        ByteWriter its;
        windows_.write_all(mine);
        next.write_all(its);
        RC_ASSERT(mine.bytes() == its.bytes());
        RC_ASSERT(next.groups() == windows_.groups());
        windows_ = std::move(next);
        if (deltas_.size() > 5) deltas_ = {mine.take()};
    }

    void check() {
        for (const std::string tenant : {"a", "b"}) {
            close(tenant, 500, SIZE_MAX, false);
            const auto expected = all_expected(tenant);
            RC_ASSERT(closed_[tenant] == expected);
        }
        RC_ASSERT(windows_.groups() == 0U);
        RC_ASSERT(windows_.bytes() == 0U);
    }

  private:
    struct Watermark {
        std::int64_t seen = -50;
        std::int64_t closed = -50;
    };

    std::vector<Closed> all_expected(const std::string& tenant) {
        std::vector<Closed> all;
        for (std::uint32_t i = 0; i < aggregates_.size(); ++i) {
            for (const std::int64_t group : {0, 1, 2}) {
                std::vector<Event> events;
                std::ranges::copy_if(events_, std::back_inserter(events),
                                     [&](const Event& e) { return e.tenant == tenant && e.group == group; });
                for (const auto& expected : model(aggregates_[i].window, events)) {
                    all.push_back(told(expected, tenant, i, group, aggregates_[i].select.size()));
                }
            }
        }
        std::ranges::stable_sort(all, {}, [](const Closed& c) { return std::pair(c.end, c.aggregate); });
        return all;
    }

    std::vector<Aggregate> aggregates_;
    Windows windows_;
    std::vector<Event> events_;
    std::map<std::string, Watermark> watermarks_;
    std::map<std::string, std::vector<Closed>> closed_;
    std::vector<std::string> deltas_;
};

void agrees(WindowKind kind) {
    const std::vector<Select> all = {select(Function::count), select(Function::sum, "v"),
                                     select(Function::collect, "v")};
    std::vector<Aggregate> aggregates;
    for (int i = *rc::gen::inRange(1, 3); i > 0; --i) {
        auto some = all;
        if (*rc::gen::arbitrary<bool>()) some.pop_back();  // merges are made ahead
        aggregates.push_back(aggregate(some_window(kind), some, {"g"}));
    }
    const std::int64_t tolerance = *rc::gen::inRange(0, 20);
    Run run(std::move(aggregates));
    std::int64_t now = *rc::gen::inRange(-30, 10);
    std::uint64_t place = 0;
    for (const Move& move : schedule(6)) {
        const std::string tenant = move.a % 3 == 0 ? "b" : "a";
        if (now > 150) break;
        switch (move.what) {
            case 4:
                run.close(tenant, run.seen(tenant) - tolerance, move.b % 2 == 0 ? 1 : SIZE_MAX, move.b % 3 == 0);
                break;
            case 5:
                run.hand_over();
                break;
            default:
                now += static_cast<std::int64_t>(move.b % 10 < 4 ? 0 : move.b % 10 - 4);
                const auto late = static_cast<std::int64_t>(move.a) % (tolerance + 1);
                run.add({now - late, tenant, static_cast<std::int64_t>(move.b % 7 % 3), ++place,
                         static_cast<std::int64_t>(move.a) - 500});
        }
    }
    run.check();
}

}  // namespace

TEST_CASE("tumbling windows are what a list of events says") {
    holds([] { agrees(WindowKind::tumbling); });
}
TEST_CASE("hopping windows are what a list of events says") {
    holds([] { agrees(WindowKind::hopping); });
}
TEST_CASE("sliding windows are what a list of events says") {
    holds([] { agrees(WindowKind::sliding); });
}
TEST_CASE("sessions are what a list of events says") {
    holds([] { agrees(WindowKind::session); });
}
TEST_CASE("snapshots are what a list of events says") {
    holds([] { agrees(WindowKind::snapshot); });
}
