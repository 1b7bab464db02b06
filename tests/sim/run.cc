#include "tests/sim/run.h"

#include <algorithm>

#include "tests/sim/stuck.h"

namespace millrace::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

void lose(LinkFaults& link, double share) {
    for (auto* loss : {&link.lose_delivery, &link.lose_status, &link.lose_pull, &link.lose_ack, &link.lose_progress,
                       &link.lose_publish, &link.lose_puback, &link.fail_bind, &link.fail_find}) {
        *loss = share;
    }
}

}  // namespace

Report Run::go() {
    auto& w = world_;
    w.restart_after = [&w, this](std::size_t) { return troubler_.on() ? w.up_to(seconds(20)) : Duration(seconds(1)); };
    w.make_streams();
    publish();
    w.start();
    troubler_.begin();
    if (w.run_until(Time{} + w.plan.troubled_for)) {
        heal();
        expect_recovery();
        if (!w.oracle.violation()) expect_health();
        if (!w.oracle.violation()) expect_drained();
    }
    if (w.oracle.stored_again() > 0) w.marks.hit(Mark::stored_again);
    return {.violation = w.oracle.violation(),
            .hash = w.trace.hash(),
            .events = w.oracle.events(),
            .stored_again = w.oracle.stored_again(),
            .stored_as_both = w.oracle.stored_as_both(),
            .steps = w.scheduler.ran(),
            .lasted = w.scheduler.now().time_since_epoch(),
            .marks = w.marks,
            .faults = w.trace.faults(),
            .reasons = w.oracle.reasons(),
            .last = {w.trace.last().begin(), w.trace.last().end()}};
}

void Run::publish() {
    auto& w = world_;
    if (w.publisher.made() >= w.plan.events) return;
    if (w.server.takes(w.plan.pipeline.input.stream)) w.publisher.publish_one();
    w.scheduler.after(w.random.between(Duration::zero(), w.plan.publish_every * 2), [this] { publish(); });
}

// Some good events of each tenant that is served, in the next half minute; so many that each replica gets some.
void Run::publish_good() {
    auto& w = world_;
    const auto rounds = traffic_.between(1, 5);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        for (const auto& tenant : w.plan.tenants) {
            if (w.plan.permanent.refused_tenant && tenant == w.plan.tenants.back()) continue;
            w.scheduler.after(traffic_.between(Duration::zero(), seconds(30)), [&w, &tenant] {
                if (w.server.takes(w.plan.pipeline.input.stream)) w.publisher.publish_good(tenant);
            });
        }
    }
}

void Run::heal() {
    auto& w = world_;
    w.trace.line("world", "heals");
    troubler_.end();
    for (auto& link : w.links) link = {};
    for (SimModel* one : w.models()) {
        one->set_faults({});
        if (one->condition() != Condition::healthy) one->set_condition(Condition::healthy);
    }
    if (w.plan.model.contract != Contract::unpublished) {
        for (SimModel* one : w.models()) one->deploy(Contract::numbers);
        // One that came while another type was taken, takes the first for the change.
        for (auto& replica : w.replicas) {
            if (replica->alive()) replica->die();
        }
    }
    // A stopped server, a frozen replica and a cut connection come back by themselves, later.
    make_permanent();
}

void Run::make_permanent() {
    auto& w = world_;
    const auto& permanent = w.plan.permanent;
    if (!permanent.any()) return;
    w.trace.fault("permanent");
    if (permanent.bad_link > 0) lose(w.links.front(), permanent.bad_link);
    for (auto& link : w.links) link.lose_ack = std::max(link.lose_ack, permanent.lossy_acks);
    for (SimModel* one : w.models()) one->set_delay(permanent.slow_endpoint);
    if (permanent.dead_address != Condition::healthy) w.model.set_condition(permanent.dead_address);
    if (!permanent.dead_replica) return;
    const auto dead = w.replicas.size() - 1;
    const auto others = w.restart_after;
    w.restart_after = [dead, others](std::size_t place) { return place == dead ? std::nullopt : others(place); };
    w.replicas[dead]->die();
}

// Traffic goes on after the faults, as it would: a tenant's next good event is the witness its accused ones wait for.
// In the second half it ends, so that acks that get lost have time to be repeated.
void Run::expect_recovery() {
    auto& w = world_;
    const auto begin = w.scheduler.now();
    for (int minute = 0; w.scheduler.now() < begin + kHealWithin; ++minute) {
        if (w.all_done() && minute > 3) return;
        if (w.scheduler.now() < begin + kHealWithin / 2) publish_good();
        if (!w.run_until(w.scheduler.now() + minutes(1))) return;
    }
    // An event that never gets an answer, on a replica that scores nothing else, stays transient (F3): its message is
    // kept in progress there even when another replica has settled it.
    const bool undelivered =
        std::ranges::any_of(w.server.consumers(), [](const SimConsumer* c) { return c->undelivered() > 0; });
    if (undelivered || w.oracle.unsettled() > 0) w.oracle.violate("recovers", why_stuck(w));
}

// A replica may still be frozen, or the server down, when everything is settled already; and one that was refused by
// the outputs learns only from its next publication that they are well.
void Run::expect_health() {
    auto& w = world_;
    if (w.plan.permanent.refused_tenant) return;
    const auto all_able = [&] {
        return std::ranges::all_of(
            w.replicas, [](const auto& replica) { return !replica->alive() || able_to_work(replica->snapshot()); });
    };
    const auto limit = w.scheduler.now() + kHealWithin;
    while (!all_able()) {
        if (w.oracle.violation()) return;
        if (w.scheduler.now() >= limit) {
            return w.oracle.violate("no_lying_health", "all is healthy and settled, but: " + w.state_text());
        }
        publish_good();
        w.run_until(all_able, minutes(1));
    }
}

void Run::expect_drained() {
    if (!world_.drain_all(kHealWithin)) {
        world_.oracle.violate("recovers", "with nothing in hand a replica does not end: " + world_.state_text());
    }
}

}  // namespace millrace::sim
