// What goes wrong in the first phase of a run with owned partitions, each kind at random times with the mean the plan
// gives. What lasts ends by itself.
#include <algorithm>
#include <limits>
#include <string>

#include "tests/sim/owned_run.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

std::span<const OwnedRun::Kind> OwnedRun::kinds() {
    static constexpr Kind kKinds[] = {
        {"crash", &Troubles::crash, &OwnedRun::crash},
        {"restart", &Troubles::restart, &OwnedRun::roll},
        {"freeze", &Troubles::freeze, &OwnedRun::freeze},
        {"disconnect", &Troubles::disconnect, &OwnedRun::disconnect},
        {"server_stop", &Troubles::server_stop, &OwnedRun::stop_server},
        {"leader", &Troubles::leader, &OwnedRun::change_leader},
        {"consumer_gone", &Troubles::consumer_gone, &OwnedRun::delete_consumer},
        {"output_full", &Troubles::output_full, &OwnedRun::fill_output},
        {"denied", &Troubles::denied, &OwnedRun::deny},
        {"condition", &Troubles::condition, &OwnedRun::change_condition},
        {"clock_step", &Troubles::clock_step, &OwnedRun::step_clock},
        {"trim", &Troubles::trim, &OwnedRun::trim},
    };
    return kKinds;
}

void OwnedRun::begin_troubles() {
    for (const auto& kind : kinds()) every(kind);
}

void OwnedRun::every(const Kind& kind) {
    const auto& trouble = world_.plan.troubles.*kind.trouble;
    if (trouble.every == Duration::zero()) return;
    world_.scheduler.after(random_.between(Duration::zero(), trouble.every * 2), [this, &kind] {
        if (!troubled_) return;
        (this->*kind.happen)(world_.plan.troubles.*kind.trouble);
        every(kind);
    });
}

OwnedReplica* OwnedRun::any_replica() {
    auto* replica = random_.pick(world_.replicas).get();
    return replica->alive() ? replica : nullptr;
}

// ---- to replicas ----

void OwnedRun::crash(const Trouble&) {
    const auto calls = random_.between(1, 40);
    if (auto* replica = any_replica()) {
        world_.trace.fault("crash", replica->name());
        replica->die_after(calls);
    }
}

void OwnedRun::roll(const Trouble&) {
    const auto within = up_to(seconds(20));
    if (auto* replica = any_replica()) replica->drain(within);
}

void OwnedRun::freeze(const Trouble& trouble) {
    const auto duration = up_to(trouble.longest);
    if (auto* replica = any_replica()) replica->freeze(duration);
}

void OwnedRun::disconnect(const Trouble& trouble) {
    const auto duration = up_to(trouble.longest);
    if (auto* replica = any_replica()) replica->disconnect(duration);
}

// ---- to the server ----

void OwnedRun::stop_server(const Trouble& trouble) { server_.stop(up_to(trouble.longest), world_.plan.unflushed_acks); }

// The clocks of a cluster's servers are less than half a second apart: more would break what idleness is proved by.
void OwnedRun::step_clock(const Trouble& trouble) {
    const auto to = random_.between(Duration::zero(), trouble.longest);
    world_.trace.fault("server clock stepped", "to " + in_ms(to) + " ahead");
    world_.scheduler.step_server_clock(to - server_ahead_);
    server_ahead_ = to;
}

void OwnedRun::change_leader(const Trouble& trouble) {
    const auto fades = random_.between(Duration(milliseconds(1)), seconds(1));
    server_.change_leader(fades, up_to(trouble.longest));
}

void OwnedRun::fill_output(const Trouble& trouble) {
    server_.suffer(Fate::full, "streams full", up_to(trouble.longest));
}

void OwnedRun::deny(const Trouble& trouble) {
    server_.suffer(Fate::denied, "publishing denied", up_to(trouble.longest));
}

// ---- to the endpoint ----

void OwnedRun::change_condition(const Trouble& trouble) {
    const auto condition = static_cast<Condition>(random_.between(1, kConditions - 1));
    const auto lasts = up_to(trouble.longest);
    if (world_.model.condition() != Condition::healthy) return;
    world_.trace.fault("endpoint " + std::string(name(condition)));
    world_.model.set_condition(condition);
    world_.scheduler.after(lasts, [this] {
        if (troubled_) world_.model.set_condition(Condition::healthy);
    });
}

// The input's limits take what is below every floor.
void OwnedRun::trim(const Trouble&) {
    auto below = std::numeric_limits<std::uint64_t>::max();
    for (Partition p = 0; p < world_.plan.pipeline.partitions; ++p) {
        const auto* last = world_.oracle.last(p);
        below = std::min(below, last == nullptr ? 0 : last->head.floor + 1);
    }
    auto* input = world_.server.stream(world_.plan.pipeline.input.stream);
    if (below <= input->first_sequence()) return;
    world_.trace.fault("input trimmed", "below " + std::to_string(below));
    world_.marks.hit(Mark::trimmed_below_floors);
    input->purge("events.>", below);
    world_.oracle.trimmed(below);
}

void OwnedRun::delete_consumer(const Trouble&) {
    const auto consumers = world_.server.consumers();
    if (!world_.server.up() || consumers.empty()) return;
    server_.delete_consumer(world_.plan.pipeline.input.stream, random_.pick(consumers)->config().name);
}

}  // namespace millrace::sim
