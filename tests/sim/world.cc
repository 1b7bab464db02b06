#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "bridge/settings/addresses.h"

namespace millrace::sim {
namespace {

using std::chrono::seconds;

std::string text_of(const Snapshot& s) {
    std::string text = s.connected ? "connected" : "disconnected";
    const auto add = [&](std::string_view name, std::size_t value) {
        if (value > 0) text.append(", ").append(name).append(" ").append(std::to_string(value));
    };
    add("bound", s.bound);
    add("backlog", s.backlog);
    add("open", s.open_deliveries);
    add("queued", s.queued_events);
    add("in flight", s.in_flight);
    add("accused", s.accused);
    add("publications", s.publications);
    if (!s.hold.empty()) text += ", hold '" + s.hold + "'";
    if (!s.halt.empty()) text += ", halt " + s.halt;
    if (s.draining) text += ", draining";
    return text;
}

}  // namespace

World::World(const Plan& from, bool print)
    : plan(from),
      trace(scheduler, print),
      model(plan.model, plan.seed, trace),
      candidate{SimModel(plan.model, plan.seed ^ 0x5ad0, trace), 0},
      oracle(plan, scheduler, trace),
      publisher(plan, server, oracle, trace),
      random(plan.seed, "world"),
      links(plan.replicas, plan.link) {
    server.watch({.stored = [this](const SimStream& stream, const StoredMessage& m) { oracle.stored(stream, m); },
                  .acked = [this](const SimConsumer&, std::uint64_t sequence) { oracle.acked(sequence); }});
    server.set_forgetful(plan.forgetful);
    for (const auto& address : settings::routes(plan.pipeline.endpoint).addresses) {
        while (elsewhere.size() < model_number(address.url))
            elsewhere.push_back({SimModel(plan.model, plan.seed * 1000 + elsewhere.size() + 1, trace)});
    }
    for (SimModel* one : models()) {
        one->set_faults(plan.model_faults);
        if (plan.permanent.refused_tenant) one->refuse(plan.tenants.back());
    }
    candidate.model.set_faults(plan.shadow_faults);
    candidate.model.set_condition(plan.shadow_condition);
    restart_after = [](std::size_t) { return Duration(seconds(1)); };
}

std::vector<SimModel*> World::models() {
    std::vector<SimModel*> all = {&model};
    for (ModelElsewhere& one : elsewhere) all.push_back(&one.model);
    return all;
}

World::~World() {
    for (auto& replica : replicas) replica->stop();
}

void World::make_streams() {
    add_input();
    server.add_stream({.name = "OUT",
                       .subjects = {"results.>", "bypass.>", "dead.>", "dead-unroutable.>"},
                       .duplicate_window = plan.duplicate_window,
                       .max_message = plan.max_message});
    if (plan.shadow_stream && settings::has_shadow(plan.pipeline))
        server.add_stream({.name = std::string(kShadowStream), .subjects = {"shadow.>"}});
    if (plan.audit_stream && settings::has_audit(plan.pipeline)) add_audit();
}

void World::add_audit() {
    server.add_stream({.name = std::string(kAuditStream),
                       .subjects = {std::string(kAuditSubject)},
                       .duplicate_window = plan.duplicate_window,
                       .max_message = plan.max_message});
}

void World::start() {
    for (std::size_t place = 0; place < plan.replicas; ++place) {
        replicas.emplace_back();
        start_replica(place);
    }
}

void World::add_input() {
    server.add_stream({.name = plan.pipeline.input.stream, .subjects = {"events.>"}, .max_message = plan.max_input});
}

void World::start_replica(std::size_t place) {
    if (replicas[place]) graveyard.push_back(std::move(replicas[place]));
    const auto number = ++started;
    const auto ended = [this, place] {
        const auto after = closing ? std::nullopt : restart_after(place);
        if (!after) return;
        scheduler.after(*after, [this, place] {
            if (!closing) start_replica(place);
        });
    };
    replicas[place] = std::make_unique<Replica>(
        Replica::Parts{plan, scheduler, server, model, busy, links[place], oracle, trace,
                       "r" + std::to_string(place) + "." + std::to_string(number), plan.seed * 1000 + number, marks,
                       chooser, ended, &elsewhere, &candidate});
}

bool World::run_until(Time limit) {
    while (!oracle.violation() && scheduler.run_one(limit)) {
    }
    return !oracle.violation();
}

bool World::run_until(const std::function<bool()>& done, Duration within) {
    const auto limit = scheduler.now() + within;
    while (!done()) {
        if (scheduler.now() >= limit || !run_until(scheduler.now() + seconds(1))) return false;
    }
    return true;
}

bool World::all_done() {
    if (publisher.made() < plan.events || oracle.unsettled() > 0) return false;
    return std::ranges::all_of(server.consumers(), [this](const SimConsumer* c) {
        return c->undelivered() == 0 && std::ranges::all_of(c->pending(), [this](std::uint64_t sequence) {
                   return oracle.is_refused(sequence);
               });
    });
}

bool World::drain_all(Duration within) {
    closing = true;
    for (const auto& replica : replicas) {
        if (replica->alive()) replica->drain(seconds(5));
    }
    const auto ended = [](const auto& replica) { return !replica->alive(); };
    return run_until([&] { return std::ranges::all_of(replicas, ended); }, within);
}

std::string World::state_text() {
    std::string text;
    for (const auto& replica : replicas) {
        text += replica->name() + ": " + (replica->alive() ? text_of(replica->snapshot()) : "dead") + "; ";
    }
    for (const auto* consumer : server.consumers()) {
        text += consumer->config().name + ": " + std::to_string(consumer->ack_pending()) + " pending, " +
                std::to_string(consumer->undelivered()) + " undelivered; ";
    }
    return text;
}

}  // namespace millrace::sim
