#include "tests/sim/troubles.h"

#include <string>

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Duration up_to(Random& random, Duration longest) { return random.between(Duration(milliseconds(1)), longest); }

}  // namespace

std::span<const Troubler::Kind> Troubler::kinds() {
    static constexpr Kind kKinds[] = {
        {"crash", &Troubles::crash, &Troubler::crash, true},
        {"restart", &Troubles::restart, &Troubler::roll, true},
        {"freeze", &Troubles::freeze, &Troubler::freeze, true},
        {"disconnect", &Troubles::disconnect, &Troubler::disconnect, true},
        {"server_stop", &Troubles::server_stop, &Troubler::stop_server, true},
        {"condition", &Troubles::condition, &Troubler::change_condition, true},
        {"leader", &Troubles::leader, &Troubler::change_leader, false},
        {"consumer_gone", &Troubles::consumer_gone, &Troubler::delete_consumer, false},
        {"output_full", &Troubles::output_full, &Troubler::fill_output, false},
        {"denied", &Troubles::denied, &Troubler::deny, false},
        {"wall_step", &Troubles::wall_step, &Troubler::step_wall, false},
        {"clock_step", &Troubles::clock_step, &Troubler::step_clock, false},
        {"input_anew", &Troubles::input_anew, &Troubler::make_input_anew, false},
        {"contract", &Troubles::contract, &Troubler::change_contract, false},
    };
    return kKinds;
}

void Troubler::begin() {
    randoms_.reserve(kinds().size());
    for (const auto& kind : kinds()) {
        if (!kind.plain) randoms_.emplace_back(world_.plan.seed, std::string("trouble ").append(kind.name));
        every(kind, kind.plain ? world_.random : randoms_.back());
    }
}

void Troubler::every(const Kind& kind, Random& random) {
    const auto& trouble = world_.plan.troubles.*kind.trouble;
    if (trouble.every == Duration::zero()) return;
    world_.scheduler.after(random.between(Duration::zero(), trouble.every * 2), [this, &kind, &random] {
        if (!on_) return;
        (this->*kind.happen)(random, world_.plan.troubles.*kind.trouble);
        every(kind, random);
    });
}

Replica* Troubler::any_replica(Random& random) {
    auto* replica = random.pick(world_.replicas).get();
    return replica->alive() ? replica : nullptr;
}

// ---- to replicas ----

void Troubler::crash(Random& random, const Trouble&) {
    const auto calls = random.between(1, 40);
    if (auto* replica = any_replica(random)) {
        world_.trace.fault("crash", replica->name());
        replica->die_after(calls);
    }
}

void Troubler::roll(Random& random, const Trouble&) {
    const auto within = up_to(random, seconds(20));
    if (auto* replica = any_replica(random)) replica->drain(within);
}

void Troubler::freeze(Random& random, const Trouble& trouble) {
    const auto duration = up_to(random, trouble.longest);
    if (auto* replica = any_replica(random)) replica->freeze(duration);
}

void Troubler::disconnect(Random& random, const Trouble& trouble) {
    const auto duration = up_to(random, trouble.longest);
    if (auto* replica = any_replica(random)) replica->disconnect(duration);
}

void Troubler::step_wall(Random& random, const Trouble& trouble) {
    const auto by = random.between(Duration::zero(), trouble.longest * 2) - trouble.longest;
    if (auto* replica = any_replica(random)) {
        world_.trace.fault("wall clock stepped", replica->name() + " by " + in_ms(by));
        replica->step_wall(by);
    }
}

// ---- to the server ----

void Troubler::stop_server(Random& random, const Trouble& trouble) {
    server_.stop(up_to(random, trouble.longest), world_.plan.unflushed_acks);
}

void Troubler::step_clock(Random& random, const Trouble& trouble) {
    const auto by = random.between(Duration::zero(), trouble.longest * 2) - trouble.longest;
    world_.trace.fault("server clock stepped", in_ms(by));
    world_.scheduler.step_server_clock(by);
}

void Troubler::change_leader(Random& random, const Trouble& trouble) {
    const auto fades = random.between(Duration(milliseconds(1)), seconds(1));
    server_.change_leader(fades, up_to(random, trouble.longest));
}

void Troubler::fill_output(Random& random, const Trouble& trouble) {
    server_.suffer(Fate::full, "output stream full", up_to(random, trouble.longest));
}

void Troubler::deny(Random& random, const Trouble& trouble) {
    server_.suffer(Fate::denied, "publishing denied", up_to(random, trouble.longest));
}

void Troubler::delete_consumer(Random& random, const Trouble&) {
    const auto partition = static_cast<Partition>(random.below(world_.plan.pipeline.partitions));
    if (!world_.server.up()) return;
    server_.delete_consumer(world_.plan.pipeline.input.stream,
                            settings::consumer_name(world_.plan.pipeline, partition));
}

// Long enough apart that no ack of the old stream is still on its way.
void Troubler::make_input_anew(Random& random, const Trouble& trouble) {
    const auto gone = seconds(10) + up_to(random, trouble.longest);
    auto& server = world_.server;
    if (!server.up() || server.stream(world_.plan.pipeline.input.stream) == nullptr) return;
    world_.trace.fault("input deleted", "for " + in_ms(gone));
    server.delete_stream(world_.plan.pipeline.input.stream);
    world_.oracle.input_gone();
    world_.scheduler.after(gone, [this] {
        world_.trace.line("server", "has an input stream again");
        world_.add_input();
    });
}

// ---- to the endpoint ----

void Troubler::change_condition(Random& random, const Trouble& trouble) {
    const auto condition = static_cast<Condition>(random.between(1, kConditions - 1));
    const auto duration = up_to(random, trouble.longest);
    const auto models = world_.models();
    const auto number = models.size() == 1 ? 0 : random.below(models.size());
    auto& model = *models[number];
    if (model.condition() != Condition::healthy) return;
    world_.trace.fault("endpoint " + std::string(name(condition)));
    if (number > 0) world_.trace.line("model", "it is number " + std::to_string(number));
    model.set_condition(condition);
    world_.scheduler.after(duration, [this, &model] {
        if (model.condition() == Condition::healthy) return;
        world_.trace.line("model", "healthy");
        model.set_condition(Condition::healthy);
    });
}

// At one of its addresses, or at the only one.
void Troubler::change_contract(Random& random, const Trouble& trouble) {
    auto& model = *random.pick(world_.models());
    world_.trace.fault("another contract");
    model.deploy(Contract::texts);
    world_.scheduler.after(up_to(random, trouble.longest), [this, &model] {
        world_.trace.line("model", "takes what it took before");
        model.deploy(Contract::numbers);
    });
}

}  // namespace millrace::sim
