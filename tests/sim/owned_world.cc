#include "tests/sim/owned_world.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string text_of(const Snapshot& s) {
    return std::string(s.connected ? "connected" : "disconnected") + ", able " + std::to_string(s.bound) + ", owns " +
           std::to_string(s.owned) + ", open " + std::to_string(s.open_deliveries) + ", publications " +
           std::to_string(s.publications) + ", backlog " + std::to_string(s.backlog) +
           (s.hold.empty() ? "" : ", hold '" + s.hold + "'") + (s.halt.empty() ? "" : ", halt " + s.halt) +
           (s.draining ? ", draining" : "");
}

Plan next_generation(Plan plan) {
    ++plan.pipeline.generation;
    // Its aggregates may be in another order.
    std::ranges::reverse(plan.pipeline.aggregates);
    return plan;
}

}  // namespace

OwnedWorld::OwnedWorld(const Plan& from, bool print)
    : plan(from),
      raised(next_generation(from)),
      trace(scheduler, print),
      model(plan.model, plan.seed, trace),
      oracle(plan, scheduler, trace, marks),
      publisher(plan, scheduler, server, oracle, trace),
      random(plan.seed, "owned world"),
      links(plan.replicas, plan.link) {
    server.watch(
        {.stored = [this](const SimStream& stream, const StoredMessage& m) { oracle.stored(stream, m); },
         .together = [this](const std::vector<StoredMessage>& all) { oracle.stored_together(all); },
         .acked = [this](const SimConsumer& consumer, std::uint64_t sequence) { oracle.acked(consumer, sequence); }});
    model.set_faults(plan.model_faults);
    restart_after = [](std::size_t) { return Duration(seconds(1)); };
}

OwnedWorld::~OwnedWorld() {
    for (auto& replica : replicas) replica->stop();
}

void OwnedWorld::make_streams() {
    server.add_stream({.name = plan.pipeline.input.stream, .subjects = {"events.>"}});
    std::vector<std::vector<std::string>> outputs = {
        {"aggregates.>"}, {"late.>"}, {"results.>", "bypass.>", "dead.>", "dead-unroutable.>"}};
    if (plan.seed % 2 == 0)
        outputs = {{"aggregates.>", "late.>", "results.>", "bypass.>", "dead.>", "dead-unroutable.>"}};
    StreamConfig state{.name = "STATE",
                       .subjects = {"millrace.state.>"},
                       .max_message = plan.max_message,
                       .expects_first = plan.seed % 3 == 0,
                       .discard = "new"};
    for (std::size_t n = 0; n < outputs.size(); ++n) {
        StreamConfig out{.name = "OUT" + std::to_string(n),
                         .subjects = outputs[n],
                         .duplicate_window = plan.duplicate_window,
                         .max_message = plan.max_message};
        if (n == 0 && plan.together) {
            out.subjects.push_back(state.subjects.front());
            out.allow_atomic = true;
            out.discard = state.discard;
            out.expects_first = state.expects_first;
        }
        server.add_stream(std::move(out));
    }
    server.add_stream({.name = "KV_sums",
                       .subjects = {"$KV.sums.>"},
                       .max_message = plan.max_message,
                       .discard = "new",
                       .max_msgs_per_subject = 1});
    if (!plan.together) server.add_stream(std::move(state));
}

void OwnedWorld::start() {
    for (std::size_t place = 0; place < plan.replicas; ++place) {
        replicas.emplace_back();
        start_replica(place);
    }
}

void OwnedWorld::start_replica(std::size_t place) {
    if (replicas[place]) graveyard.push_back(std::move(replicas[place]));
    const auto number = ++started;
    const auto ended = [this, place] {
        const auto after = closing ? std::nullopt : restart_after(place);
        if (!after) return;
        scheduler.after(*after, [this, place] {
            if (!closing) start_replica(place);
        });
    };
    replicas[place] = std::make_unique<OwnedReplica>(OwnedReplica::Parts{
        raises ? raised : plan, scheduler, server, model, busy, links[place], oracle, trace,
        "r" + std::to_string(place) + "." + std::to_string(number), plan.seed * 1000 + number, marks, chooser, ended});
}

void OwnedWorld::raise_generation() {
    trace.fault("generation raised", "");
    raises = true;
    oracle.raised(raised.pipeline.generation);
}

bool OwnedWorld::run_until(Time limit) {
    while (!oracle.violation() && scheduler.run_one(limit)) {
    }
    return !oracle.violation();
}

bool OwnedWorld::run_until(const std::function<bool()>& done, Duration within) {
    const auto limit = scheduler.now() + within;
    while (!done()) {
        if (scheduler.now() >= limit || !run_until(scheduler.now() + milliseconds(100))) return false;
    }
    return true;
}

// Without a limit to lateness nothing closes a window but later events.
bool OwnedWorld::all_done() {
    const auto& event = plan.pipeline.event;
    const bool idle = event.timestamp.empty() || event.late_arrival_tolerance.has_value();
    return publisher.made() >= plan.events && oracle.caught_up() && oracle.missing(idle).empty();
}

bool OwnedWorld::drain_all(Duration within) {
    closing = true;
    for (const auto& replica : replicas) {
        if (replica->alive()) replica->drain(seconds(20));
    }
    return run_until([&] { return std::ranges::none_of(replicas, [](const auto& r) { return r->alive(); }); }, within);
}

std::optional<std::size_t> OwnedWorld::any_owner() {
    for (std::size_t place = 0; place < replicas.size(); ++place) {
        if (replicas[place]->alive() && replicas[place]->snapshot().owned > 0) return place;
    }
    return std::nullopt;
}

std::string OwnedWorld::state_text() {
    std::string text;
    for (const auto& replica : replicas) {
        text += replica->name() + ": " + (replica->alive() ? text_of(replica->snapshot()) : "dead") + "; ";
    }
    for (const auto* consumer : server.consumers()) {
        text += consumer->config().name + ": " + std::to_string(consumer->ack_pending()) + " pending, " +
                std::to_string(consumer->undelivered()) + " undelivered; ";
    }
    for (Partition p = 0; p < plan.pipeline.partitions; ++p) {
        if (const auto* last = oracle.last(p)) {
            text += "partition " + std::to_string(p) + ": epoch " + std::to_string(last->head.epoch) + ", floor " +
                    std::to_string(last->head.floor) + "; ";
        }
    }
    return text + "missing: " + oracle.missing(plan.pipeline.event.late_arrival_tolerance.has_value());
}

}  // namespace millrace::sim
