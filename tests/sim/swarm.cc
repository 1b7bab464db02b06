// What a seed adds to the plain plan and takes away from it. Draws have streams of their own, so that a new kind of
// fault leaves the plain part of every seed as it was.
#include <array>
#include <utility>

#include "tests/sim/fault_class.h"
#include "tests/sim/plan.h"

namespace millrace::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// How much of what could go wrong does: much, the usual, little, one or two things, nothing.
constexpr std::array kShares = {1.0, 1.0, 0.6, 0.6, 0.3, 0.3, 0.3, 0.08, 0.08, 0.0};

Trouble trouble(Random& random, Duration shortest, Duration mean_at_most, Duration longest) {
    return {random.between(shortest, mean_at_most), random.between(Duration(milliseconds(50)), longest)};
}

void add_troubles(Plan& plan, Random& random) {
    auto& t = plan.troubles;
    const auto perhaps = [&](Trouble& into, double probability, Trouble drawn) {
        if (random.chance(probability)) into = drawn;
    };
    perhaps(t.leader, 0.4, trouble(random, seconds(15), minutes(3), seconds(20)));
    perhaps(t.consumer_gone, 0.1, trouble(random, minutes(2), minutes(10), seconds(20)));
    perhaps(t.output_full, 0.25, trouble(random, seconds(30), minutes(5), minutes(2)));
    perhaps(t.denied, 0.2, trouble(random, seconds(30), minutes(5), minutes(2)));
    perhaps(t.wall_step, 0.3, trouble(random, seconds(20), minutes(3), hours(24)));
    perhaps(t.clock_step, 0.2, trouble(random, minutes(1), minutes(5), random.chance(0.2) ? minutes(3) : seconds(3)));
    perhaps(t.input_anew, 0.06, trouble(random, minutes(2), minutes(10), seconds(40)));
    plan.forgetful = random.chance(0.15);
}

void add_permanent(Plan& plan, Random& random) {
    auto& p = plan.permanent;
    const bool any = random.chance(0.35);
    p.dead_replica = random.chance(0.4) && any && plan.replicas > 1;
    p.bad_link = random.chance(0.35) && any ? 0.3 * random.fraction() : 0;
    p.slow_endpoint = random.chance(0.35) && any ? random.between(Duration(milliseconds(100)), seconds(1)) : Duration{};
    p.refused_tenant = random.chance(0.25) && any && plan.tenants.size() > 1;
    // Refused events keep their credit (docs/guarantees.md, "not covered"), so there must be some left for the others,
    // in messages and in bytes.
    if (p.refused_tenant) {
        plan.pipeline.input.max_ack_pending = 0;
        plan.pipeline.input.max_pending_bytes = settings::Input{}.max_pending_bytes;
    }
    p.lossy_acks = random.chance(0.35) && any ? 0.5 * random.fraction() : 0;
}

settings::Address address(std::string url, std::uint32_t weight) {
    settings::Address one;
    one.url = std::move(url);
    one.weight = weight;
    return one;
}

// Several addresses, or a tenant with an endpoint of its own, in some of the runs.
void add_addresses(Plan& plan, Random& random) {
    auto& endpoint = plan.pipeline.endpoint;
    const bool several = random.chance(0.25);
    const bool own = random.chance(0.15) && plan.tenants.size() > 1;
    const bool by_weights = random.chance(0.5);
    const bool dead = random.chance(0.3);
    const auto condition = static_cast<Condition>(random.between(1, kConditions - 1));
    if (several) {
        endpoint.url.clear();
        endpoint.addresses = {address("http://model/score", 3), address("http://model-1/score", 1)};
        endpoint.selection = by_weights ? settings::Selection::weights : settings::Selection::failover;
        if (dead) plan.permanent.dead_address = condition;
    }
    if (own) endpoint.tenants = {{{plan.tenants.front()}, address("http://model-2/score", 1)}};
}

// A candidate beside the endpoint, which nobody mends: nothing may come of it.
void add_shadow(Plan& plan, Random& random) {
    if (!random.chance(0.25)) return;
    auto& shadow = plan.pipeline.endpoint.shadow;
    shadow.address.url = std::string(kShadowUrl);
    shadow.subject = "shadow.{tenant}.trips";
    shadow.percent = random.chance(0.5) ? 100 : 30;
    shadow.parallel_requests = static_cast<std::uint32_t>(random.between(1, 3));
    plan.shadow_faults = {.throttle = random.fraction() * 0.2,
                          .unavailable = random.fraction() * 0.2,
                          .error = random.fraction() * 0.2,
                          .hang = random.fraction() * 0.2,
                          .refuse = random.fraction() * 0.2,
                          .short_answer = random.fraction() * 0.3,
                          .garbage = random.fraction() * 0.3,
                          .slow = random.fraction()};
    if (random.chance(0.3)) plan.shadow_faults = {};
    if (random.chance(0.4)) plan.shadow_condition = static_cast<Condition>(random.between(1, kConditions - 1));
    plan.shadow_stream = random.chance(0.8);
}

// An endpoint that says what it takes, and changes its mind under us.
void add_contract(Plan& plan, Random& random) {
    if (!random.chance(0.2) || plan.pipeline.endpoint.protocol != "azureml") return;
    plan.model.contract = Contract::numbers;
    plan.troubles.contract = trouble(random, seconds(20), minutes(4), minutes(4));
}

}  // namespace

Plan Plan::of(std::uint64_t seed) {
    Plan plan = plain(seed);
    Random shape(seed, "swarm shape");
    if (plan.replicas == 2 && shape.chance(0.3)) plan.replicas = 3;
    if (shape.chance(0.2)) {
        plan.mix.largest = static_cast<std::uint32_t>(shape.between(5, 60));
        plan.max_input = shape.chance(0.5) ? 2900 : 8000;
    }
    auto& most = plan.pipeline.endpoint.max_batch_bytes;
    if (shape.chance(0.5) && most == 400) most = 48;  // smaller than some rows
    Random troubles(seed, "swarm troubles");
    add_troubles(plan, troubles);
    Random permanent(seed, "swarm permanent");
    add_permanent(plan, permanent);
    Random addresses(seed, "swarm addresses");
    add_addresses(plan, addresses);
    Random shadow(seed, "swarm shadow");
    add_shadow(plan, shadow);
    Random audit(seed, "swarm audit");
    if (audit.chance(0.3)) plan.pipeline.audit.subject = kAuditSubject;
    Random contract(seed, "swarm contract");
    add_contract(plan, contract);
    Random share(seed, "swarm share");
    const double kept = kShares[share.below(kShares.size())];
    for (const auto& one : fault_classes()) {
        if (!share.chance(kept)) one.take(plan);
    }
    return plan;
}

}  // namespace millrace::sim
