// What goes wrong in the first phase of a run with owned partitions, each kind at random times with the mean the plan
// gives. What lasts ends by itself.
#include <algorithm>
#include <string>

#include "tests/sim/owned_run.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string in_ms(Duration d) { return std::to_string(d / milliseconds(1)) + " ms"; }

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
        {"clock_step", &Troubles::clock_step, &OwnedRun::step_clock},
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

void OwnedRun::stop_server(const Trouble& trouble) {
    const auto duration = up_to(trouble.longest);
    auto& server = world_.server;
    if (!server.up()) return;
    world_.trace.fault("server stopped");
    server.stop(world_.plan.unflushed_acks);
    world_.scheduler.after(duration, [this] {
        world_.trace.line("server", "started");
        world_.server.start();
    });
}

// The clocks of a cluster's servers are less than half a second apart: more would break what idleness is proved by.
void OwnedRun::step_clock(const Trouble& trouble) {
    const auto to = random_.between(Duration::zero(), trouble.longest);
    world_.trace.fault("server clock stepped", "to " + in_ms(to) + " ahead");
    world_.scheduler.step_server_clock(to - server_ahead_);
    server_ahead_ = to;
}

// What the old leader does last is unanswered, stored or not; then there is none for a while.
void OwnedRun::change_leader(const Trouble& trouble) {
    const auto fades = random_.between(Duration(milliseconds(1)), seconds(1));
    const auto none = up_to(trouble.longest);
    auto& server = world_.server;
    if (!server.up() || server.suffers()) return;
    world_.trace.fault("leader changed", "after " + in_ms(none));
    server.set_fate([this] { return fates_.chance(0.7) ? Fate::unanswered : Fate::lost; });
    world_.scheduler.after(fades, [this, none] {
        world_.server.set_fate([this] { return fates_.chance(0.5) ? Fate::no_leader : Fate::lost; });
        world_.server.lose_leader();
        world_.scheduler.after(none, [this] {
            world_.trace.line("server", "has a leader again");
            world_.server.set_fate({});
            world_.server.gain_leader();
        });
    });
}

void OwnedRun::outputs_suffer(Fate fate, std::string_view name, Duration duration) {
    auto& server = world_.server;
    if (server.suffers()) return;
    world_.trace.fault(name, "for " + in_ms(duration));
    server.set_fate([fate] { return fate; });
    world_.scheduler.after(duration, [this, name] {
        world_.trace.line("server", std::string("is over: ").append(name));
        world_.server.set_fate({});
    });
}

void OwnedRun::fill_output(const Trouble& trouble) {
    outputs_suffer(Fate::full, "streams full", up_to(trouble.longest));
}

void OwnedRun::deny(const Trouble& trouble) {
    outputs_suffer(Fate::denied, "publishing denied", up_to(trouble.longest));
}

void OwnedRun::delete_consumer(const Trouble&) {
    const auto consumers = world_.server.consumers();
    if (!world_.server.up() || consumers.empty()) return;
    const auto name = random_.pick(consumers)->config().name;
    world_.trace.fault("consumer deleted", name);
    world_.server.delete_consumer(world_.plan.pipeline.input.stream, name);
}

}  // namespace millrace::sim
