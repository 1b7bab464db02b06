#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
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

World::World(const Plan& plan, bool print)
    : plan_(plan),
      trace_(scheduler_, print),
      model_(plan.model, plan.seed, trace_),
      oracle_(plan_, scheduler_, trace_),
      publisher_(plan_, server_, oracle_, trace_),
      random_(plan.seed, "world"),
      link_(plan.link) {
    server_.watch({.stored = [this](const SimStream& stream, const StoredMessage& m) { oracle_.stored(stream, m); },
                   .acked = [this](const SimConsumer&, std::uint64_t sequence) { oracle_.acked(sequence); }});
    model_.set_faults(plan.model_faults);
}

World::~World() {
    for (auto& replica : replicas_) replica->stop();
}

Report World::run() {
    make_streams();
    publish();
    for (std::size_t place = 0; place < plan_.replicas; ++place) {
        replicas_.emplace_back();
        start_replica(place);
    }
    const auto& t = plan_.troubles;
    trouble_every(t.crash, &World::crash);
    trouble_every(t.restart, &World::roll);
    trouble_every(t.freeze, &World::freeze);
    trouble_every(t.disconnect, &World::disconnect);
    trouble_every(t.server_stop, &World::stop_server);
    trouble_every(t.condition, &World::change_condition);
    if (run_until(Time{} + plan_.troubled_for)) {
        heal();
        expect_recovery();
        if (!oracle_.violation()) expect_health();
        if (!oracle_.violation()) expect_drained();
    }
    return {.violation = oracle_.violation(),
            .hash = trace_.hash(),
            .events = oracle_.events(),
            .stored_again = oracle_.stored_again(),
            .stored_as_both = oracle_.stored_as_both(),
            .steps = scheduler_.ran(),
            .lasted = scheduler_.now().time_since_epoch(),
            .faults = trace_.faults(),
            .reasons = oracle_.reasons(),
            .last = {trace_.last().begin(), trace_.last().end()}};
}

void World::make_streams() {
    server_.add_stream({.name = plan_.pipeline.input.stream, .subjects = {"events.>"}});
    server_.add_stream({.name = "OUT",
                        .subjects = {"results.>", "dead.>", "dead-unroutable.>"},
                        .duplicate_window = plan_.duplicate_window,
                        .max_message = plan_.max_message});
}

void World::publish() {
    if (publisher_.made() >= plan_.events) return;
    if (server_.up()) publisher_.publish_one();
    const auto mean = plan_.publish_over * 3 / static_cast<Duration::rep>(plan_.events);
    scheduler_.after(random_.between(Duration::zero(), mean * 2), [this] { publish(); });
}

void World::start_replica(std::size_t place) {
    if (replicas_[place]) graveyard_.push_back(std::move(replicas_[place]));
    const auto number = ++started_;
    const auto ended = [this, place] {
        if (closing_) return;
        scheduler_.after(troubled_ ? up_to(seconds(20)) : Duration(seconds(1)), [this, place] {
            if (!closing_) start_replica(place);
        });
    };
    replicas_[place] = std::make_unique<Replica>(
        Replica::Parts{plan_, scheduler_, server_, model_, busy_, link_, oracle_, trace_,
                       "r" + std::to_string(place) + "." + std::to_string(number), plan_.seed * 1000 + number, ended});
}

void World::trouble_every(Duration mean, Trouble trouble) {
    if (mean == Duration::zero()) return;
    scheduler_.after(random_.between(Duration::zero(), mean * 2), [this, mean, trouble] {
        if (!troubled_) return;
        (this->*trouble)();
        trouble_every(mean, trouble);
    });
}

Replica* World::any_replica() {
    auto* replica = random_.pick(replicas_).get();
    return replica->alive() ? replica : nullptr;
}

void World::crash() {
    const auto calls = random_.between(1, 40);
    if (auto* replica = any_replica()) {
        trace_.fault("crash", replica->name());
        replica->die_after(calls);
    }
}

void World::roll() {
    const auto within = up_to(seconds(20));
    if (auto* replica = any_replica()) replica->drain(within);
}

void World::freeze() {
    const auto duration = up_to(plan_.troubles.longest_freeze);
    if (auto* replica = any_replica()) replica->freeze(duration);
}

void World::disconnect() {
    const auto duration = up_to(plan_.troubles.longest_disconnect);
    if (auto* replica = any_replica()) replica->disconnect(duration);
}

void World::stop_server() {
    const auto duration = up_to(plan_.troubles.longest_server_stop);
    if (!server_.up()) return;
    trace_.fault("server stopped");
    server_.stop(plan_.unflushed_acks);
    scheduler_.after(duration, [this] {
        trace_.line("server", "started");
        server_.start();
    });
}

void World::change_condition() {
    const auto condition = static_cast<Condition>(random_.between(1, kConditions - 1));
    const auto duration = up_to(plan_.troubles.longest_condition);
    if (model_.condition() != Condition::healthy) return;
    trace_.fault("endpoint condition " + std::to_string(static_cast<int>(condition)));
    model_.set_condition(condition);
    scheduler_.after(duration, [this] {
        if (model_.condition() == Condition::healthy) return;
        trace_.line("model", "healthy");
        model_.set_condition(Condition::healthy);
    });
}

void World::heal() {
    trace_.line("world", "heals");
    troubled_ = false;
    link_ = {};
    model_.set_faults({});
    if (model_.condition() != Condition::healthy) model_.set_condition(Condition::healthy);
    // A stopped server, a frozen replica and a cut connection come back by themselves, later.
}

bool World::run_until(Time limit) {
    while (!oracle_.violation() && scheduler_.run_one(limit)) {
    }
    return !oracle_.violation();
}

bool World::run_until(const std::function<bool()>& done) {
    const auto limit = scheduler_.now() + kHealWithin;
    while (!done()) {
        if (scheduler_.now() >= limit || !run_until(scheduler_.now() + seconds(1))) return false;
    }
    return true;
}

bool World::all_done() {
    if (publisher_.made() < plan_.events || oracle_.settled() < oracle_.events()) return false;
    return std::ranges::all_of(server_.consumers(),
                               [](const SimConsumer* c) { return c->ack_pending() == 0 && c->undelivered() == 0; });
}

// Traffic goes on after the faults, as it would: a tenant's next good event is the witness its accused ones wait for.
void World::expect_recovery() {
    const auto limit = scheduler_.now() + kHealWithin;
    for (int minute = 0; scheduler_.now() < limit; ++minute) {
        if (all_done() && minute > 3) return;
        if (server_.up()) publisher_.publish_good();
        if (!run_until(scheduler_.now() + minutes(1))) return;
    }
    // An event that never gets an answer, on a replica that scores nothing else, stays transient (F3): its message is
    // kept in progress there even when another replica has settled it.
    const bool undelivered =
        std::ranges::any_of(server_.consumers(), [](const SimConsumer* c) { return c->undelivered() > 0; });
    if (undelivered || oracle_.settled() < oracle_.events()) {
        oracle_.violate("recovers", oracle_.unsettled() + "; " + state_text());
    }
}

// A replica may still be frozen, or the server down, when everything is settled already.
void World::expect_health() {
    const auto able = [](const auto& replica) { return !replica->alive() || able_to_work(replica->snapshot()); };
    if (!run_until([&] { return std::ranges::all_of(replicas_, able); })) {
        oracle_.violate("no_lying_health", "all is healthy and settled, but: " + state_text());
    }
}

void World::expect_drained() {
    closing_ = true;
    for (const auto& replica : replicas_) {
        if (replica->alive()) replica->drain(seconds(5));
    }
    if (!run_until(
            [&] { return std::ranges::none_of(replicas_, [](const auto& replica) { return replica->alive(); }); })) {
        oracle_.violate("recovers", "with nothing in hand a replica does not end: " + state_text());
    }
}

std::string World::state_text() {
    std::string text;
    for (const auto& replica : replicas_) {
        text += replica->name() + ": " + (replica->alive() ? text_of(replica->snapshot()) : "dead") + "; ";
    }
    for (const auto* consumer : server_.consumers()) {
        text += consumer->config().name + ": " + std::to_string(consumer->ack_pending()) + " pending, " +
                std::to_string(consumer->undelivered()) + " undelivered; ";
    }
    return text;
}

}  // namespace millrace::sim
