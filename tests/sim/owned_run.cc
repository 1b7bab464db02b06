#include "tests/sim/owned_run.h"

#include <algorithm>

namespace millrace::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

Report OwnedRun::go() {
    auto& w = world_;
    w.restart_after = [this](std::size_t) { return troubled_ ? up_to(seconds(20)) : Duration(seconds(1)); };
    w.make_streams();
    publish();
    w.run_until(Time{} + w.plan.starts_after);
    w.marks.hit_if(w.plan.starts_after > Duration::zero(), Mark::begun_at_a_time);
    w.start();
    begin_troubles();
    if (w.run_until(Time{} + w.plan.troubled_for)) {
        heal();
        expect_recovery();
        if (!w.oracle.violation()) expect_health();
        if (!w.oracle.violation()) end_badly();
        if (!w.oracle.violation() && !w.drain_all(minutes(2)))
            w.oracle.violate("recovers", "with nothing in hand a replica does not end: " + w.state_text());
    }
    return {.violation = w.oracle.violation(),
            .hash = w.trace.hash(),
            .events = w.oracle.events(),
            .steps = w.scheduler.ran(),
            .lasted = w.scheduler.now().time_since_epoch(),
            .marks = w.marks,
            .faults = w.trace.faults(),
            .seen = w.oracle.seen(),
            .last = {w.trace.last().begin(), w.trace.last().end()}};
}

void OwnedRun::publish() {
    auto& w = world_;
    if (w.publisher.made() >= w.plan.events) return;
    if (w.server.takes(w.plan.pipeline.input.stream)) w.publisher.publish_one();
    // What is left when all is well comes faster.
    const auto every = troubled_ ? w.plan.publish_every : std::min<Duration>(w.plan.publish_every, seconds(1));
    w.scheduler.after(w.random.between(Duration::zero(), every * 2), [this] { publish(); });
}

// A stopped server, a frozen replica and a cut connection come back by themselves, later.
void OwnedRun::heal() {
    world_.trace.line("world", "heals");
    troubled_ = false;
    for (auto& link : world_.links) link = {};
    world_.model.set_faults({});
    world_.model.set_condition(Condition::healthy);
}

void OwnedRun::expect_recovery() {
    auto& w = world_;
    if (w.run_until([&w] { return w.all_done(); }, kHealWithin + w.plan.pipeline.event.early_limit)) return;
    if (!w.oracle.violation()) w.oracle.violate("recovers", w.state_text());
}

void OwnedRun::expect_health() {
    auto& w = world_;
    const auto all_able = [&w] {
        std::uint32_t owned = 0;
        for (const auto& replica : w.replicas) {
            if (!replica->alive() || !able_to_work(replica->snapshot())) return false;
            owned += replica->snapshot().owned;
        }
        return owned == w.plan.pipeline.partitions;
    };
    if (w.run_until(all_able, kHealWithin) || w.oracle.violation()) return;
    w.oracle.violate("no_lying_health", "all is healthy and stored, but: " + w.state_text());
}

}  // namespace millrace::sim
