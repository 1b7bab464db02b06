// Any bytes as the state of windows and of their clock: what is accepted is written in one way, closes, and goes on.
#include <string>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/windows/event_clock.h"
#include "bridge/windows/operands.h"
#include "bridge/windows/windows.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::windows;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMost = 100;  // outputs of one closing: a hopping window may have any number of ends

std::vector<Aggregate> one_of_each() {
    std::vector<Select> selects;
    for (int i = 0; i <= static_cast<int>(Function::collect); ++i) {
        Select& select = selects.emplace_back();
        select.function = static_cast<Function>(i);
        select.operand = {Operand::From::event, "v"};
        select.most = 2;
        select.fraction = 0.5;
    }
    const Window windows[] = {{.kind = WindowKind::tumbling, .size = 10s},
                              {.kind = WindowKind::hopping, .size = 10s, .hop = 3s, .offset = 1s},
                              {.kind = WindowKind::sliding, .size = 4s},
                              {.kind = WindowKind::session, .timeout = 3s, .max_duration = 10s},
                              {.kind = WindowKind::snapshot}};
    std::vector<Aggregate> all;
    for (const Window& window : windows) {
        Aggregate& aggregate = all.emplace_back();
        aggregate.window = window;
        aggregate.select = selects;
        aggregate.group_by = {"g"};
    }
    return all;
}

template <typename T>
std::string all_of(T& state) {
    ByteWriter out;
    state.write_all(out);
    return out.take();
}

template <typename T>
void check_written(T& state, T again) {
    const std::string bytes = all_of(state);
    ByteReader in(bytes);
    MILLRACE_CHECK(again.read(in) && in.whole(), "what is written is read");
    MILLRACE_CHECK(all_of(again) == bytes, "and written alike");
}

void check_clock(std::string_view bytes) {
    const EventClock::Rules rules{.out_of_order = 5s, .late = 15s, .early = 300s};
    EventClock clock(rules);
    ByteReader in(bytes);
    if (!clock.read(in)) return;
    check_written(clock, EventClock(rules));
    const EventTime before = clock.watermark("a");
    const auto judged = clock.judge("a", EventTime(20s), ServerTime(20s));
    MILLRACE_CHECK(judged.at >= before, "nothing counts before the watermark");
    MILLRACE_CHECK(clock.watermark("a") >= before, "which does not go back");
}

void check_windows(std::string_view bytes) {
    static const auto aggregates = one_of_each();
    Windows state(aggregates);
    ByteReader in(bytes);
    if (!state.read(in)) return;
    check_written(state, Windows(aggregates));
    const std::vector<Value> values = {Null{}, std::int64_t{1}};
    for (const auto& tenant : state.tenants()) {
        state.add({tenant, EventTime(20s), {1, 0}, values});
        std::vector<Closed> out;
        const bool done = state.close(tenant, EventTime::max(), kMost, out);
        MILLRACE_CHECK(done || out.size() == kMost, "as many as there are");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    check_clock(text);
    check_windows(text);
    return 0;
}
