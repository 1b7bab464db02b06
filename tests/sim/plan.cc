#include "tests/sim/plan.h"

#include <array>

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

template <typename T, std::size_t N>
T one_of(Random& random, const std::array<T, N>& choices) {
    return choices[random.below(N)];
}

double rate(Random& random, double most) {
    const bool on = random.chance(0.4);
    return (on ? 1.0 : 0.0) * random.fraction() * most;
}

Duration every(Random& random, Duration shortest, Duration longest) {
    const bool on = random.chance(0.45);
    const auto mean = random.between(shortest, longest);
    return on ? mean : Duration::zero();
}

void plan_endpoint(Plan& plan, Random& random) {
    auto& endpoint = plan.pipeline.endpoint;
    endpoint.url = "http://model/score";
    endpoint.max_batch_count = one_of<std::uint32_t, 5>(random, {1, 3, 10, 10, 50});
    endpoint.parallel_requests_per_partition = static_cast<std::uint32_t>(random.between(1, 4));
    endpoint.max_batch_wait = one_of<Duration, 3>(random, {Duration::zero(), Duration::zero(), milliseconds(50)});
    endpoint.timeout = one_of<Duration, 3>(random, {seconds(2), seconds(5), seconds(15)});
    endpoint.mix_tenants = random.chance(0.2);
    endpoint.rows = random.chance(0.5) ? settings::RowShape::arrays : settings::RowShape::records;
    endpoint.max_dead_letter_ratio = one_of<double, 2>(random, {1.0, 0.6});
    if (random.chance(0.5)) endpoint.control = R"(["@control|0|good",1])";
    if (random.chance(0.1)) endpoint.max_batch_bytes = 400;
    plan.model.nonce = random.chance(0.5);
    plan.model.wrapped = random.chance(0.3);
    if (random.chance(0.7)) {
        endpoint.body = one_of<const char*, 3>(random, {"inputs", "data", "bare"});
        plan.model.results_member = random.chance(0.5) ? "Results" : "";
    } else {
        endpoint.protocol = "json";
        endpoint.rows_pointer = "/instances";
        endpoint.results_pointer = "/predictions";
        plan.model.results_member = "predictions";
        plan.model.wrapped = false;
    }
    if (random.chance(0.15)) plan.model.concurrency = static_cast<std::uint32_t>(random.between(1, 3));
    if (random.chance(0.15)) plan.model.max_body = 600;
    if (random.chance(0.3)) plan.max_message = 3000;
}

void plan_streams(Plan& plan, Random& random) {
    auto& p = plan.pipeline;
    p.name = "trips";
    p.partitions = random.chance(0.3) ? 2 : 1;
    p.input.stream = "EVENTS";
    p.input.subject = p.partitions > 1 ? "events.{partition}.{tenant}.trips" : "events.{tenant}.trips";
    p.input.ack_wait = one_of<Duration, 3>(random, {seconds(6), seconds(15), seconds(30)});
    p.input.max_ack_pending = one_of<std::uint32_t, 4>(random, {0, 0, 20, 100});
    if (random.chance(0.15)) p.input.max_pending_bytes = 20'000;
    p.event.features = {{"who", {}}, {"n", "7"}};
    p.results.subject = "results.{tenant}.trips";
    p.results.include = one_of<settings::Include, 3>(
        random, {settings::Include::nothing, settings::Include::everything, settings::Include::fields});
    if (p.results.include == settings::Include::fields) p.results.include_fields = {"who"};
    p.dead_letter.subject = "dead.{tenant}.trips";
    p.dead_letter.unroutable_subject = "dead-unroutable.trips";
    plan.duplicate_window = p.input.ack_wait * one_of<int, 3>(random, {2, 4, 20});
}

void plan_mix(Plan& plan, Random& random) {
    plan.events = static_cast<std::uint32_t>(random.between(20, 200));
    const auto publish_over = random.between(Duration(seconds(1)), minutes(8));
    plan.publish_every = publish_over * 3 / static_cast<Duration::rep>(plan.events);
    plan.troubled_for = publish_over;
    plan.tenants = {"acme", "beta", "Gamma_3-x"};
    if (random.chance(0.2)) plan.tenants.resize(1);
    plan.mix.bad_elements = random.chance(0.4) ? 60 : 0;
    plan.mix.hostile_tenants = random.chance(0.3) ? 40 : 0;
    for (std::size_t kind = 1; kind < static_cast<std::size_t>(Kind::kills); ++kind) {
        if (random.chance(0.25)) plan.mix.odd[kind] = static_cast<std::uint32_t>(random.between(5, 40));
    }
}

void plan_faults(Plan& plan, Random& random) {
    plan.link = {.lose_delivery = rate(random, 0.1),
                 .double_delivery = rate(random, 0.1),
                 .lose_status = rate(random, 0.3),
                 .lose_pull = rate(random, 0.2),
                 .lose_ack = rate(random, 0.2),
                 .lose_progress = rate(random, 0.5),
                 .lose_publish = rate(random, 0.1),
                 .double_publish = rate(random, 0.1),
                 .lose_puback = rate(random, 0.2),
                 .fail_bind = rate(random, 0.5),
                 .fail_find = rate(random, 0.5),
                 .reorder = rate(random, 0.3),
                 .slow = rate(random, 0.1),
                 .slowest = random.between(Duration(milliseconds(20)), seconds(5))};
    plan.model_faults = {.throttle = rate(random, 0.3),
                         .unavailable = rate(random, 0.2),
                         .error = rate(random, 0.2),
                         .hang = rate(random, 0.1),
                         .refuse = rate(random, 0.2),
                         .short_answer = rate(random, 0.15),
                         .garbage = rate(random, 0.1),
                         .slow = rate(random, 0.3)};
    auto& t = plan.troubles;
    t.crash.every = every(random, seconds(5), minutes(3));
    t.restart.every = every(random, seconds(30), minutes(5));
    t.freeze.every = every(random, seconds(20), minutes(5));
    t.freeze.longest = random.chance(0.3) ? plan.duplicate_window * 3 : plan.pipeline.input.ack_wait * 2;
    t.disconnect.every = every(random, seconds(10), minutes(4));
    t.disconnect.longest = random.chance(0.3) ? plan.duplicate_window * 2 : Duration(seconds(20));
    t.server_stop.every = every(random, seconds(30), minutes(5));
    t.server_stop.longest = random.chance(0.3) ? plan.duplicate_window * 2 : Duration(seconds(20));
    t.condition.every = every(random, seconds(20), minutes(4));
    t.condition.longest = random.between(Duration(seconds(5)), minutes(6));
    plan.unflushed_acks = random.chance(0.3) ? Duration(seconds(2)) : Duration::zero();
}

}  // namespace

Plan Plan::plain(std::uint64_t seed) {
    Plan plan;
    plan.seed = seed;
    Random streams(seed, "plan streams");
    Random endpoint(seed, "plan endpoint");
    Random mix(seed, "plan mix");
    Random faults(seed, "plan faults");
    plan_streams(plan, streams);
    plan_endpoint(plan, endpoint);
    plan_mix(plan, mix);
    plan_faults(plan, faults);
    Random shape(seed, "plan shape");
    plan.replicas = shape.chance(0.5) ? 2 : 1;
    plan.troubled_for += shape.between(seconds(10), minutes(10));
    plan.idle_turn = shape.chance(0.5) ? Duration(seconds(1)) : Duration(minutes(10));
    // A record row has another shape.
    auto& e = plan.pipeline.endpoint;
    if (!e.control.empty() && e.rows == settings::RowShape::records) e.control = R"({"who":"@control|0|good","n":1})";
    Random selection(seed, "plan selection");
    plan.where = draw_selection(selection, plan.pipeline);
    return plan;
}

Plan Plan::quiet() {
    Plan plan;
    plan.seed = 1;
    auto& p = plan.pipeline;
    p.name = "trips";
    p.input.stream = "EVENTS";
    p.input.subject = "events.{tenant}.trips";
    p.event.features = {{"who", {}}};
    p.endpoint.url = "http://model/score";
    p.endpoint.max_batch_count = 10;
    p.endpoint.max_dead_letter_ratio = 1.0;
    p.endpoint.timeout = seconds(5);
    p.results.subject = "results.{tenant}.trips";
    p.dead_letter.subject = "dead.{tenant}.trips";
    p.dead_letter.unroutable_subject = "dead-unroutable.trips";
    plan.tenants = {"acme"};
    plan.idle_turn = seconds(1);
    plan.duplicate_window = minutes(2);
    return plan;
}

}  // namespace millrace::sim
