// What a seed of owned partitions stands for.
#include <algorithm>
#include <array>

#include "tests/sim/plan.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// How much of what could go wrong does.
constexpr std::uint64_t kDisasters = 5;

constexpr std::array kShares = {1.0, 1.0, 0.6, 0.4, 0.4, 0.15, 0.15, 0.0};

struct Draw {
    Random random;
    double share;

    double rate(double most) { return random.chance(share) ? random.fraction() * most : 0; }
    std::uint32_t per_mille(std::uint64_t most) {
        return random.chance(0.5) ? static_cast<std::uint32_t>(random.between(1, most)) : 0;
    }
    Trouble trouble(Duration shortest, Duration mean_at_most, Duration longest) {
        const bool on = random.chance(share * 0.6);
        const Trouble drawn{random.between(shortest, mean_at_most),
                            random.between(Duration(milliseconds(50)), longest)};
        return on ? drawn : Trouble{};
    }
};

Duration in_seconds(Random& random, std::uint64_t least, std::uint64_t most) {
    return seconds(static_cast<int>(random.between(least, most)));
}

Window a_window(Random& random) {
    Window window;
    window.kind = static_cast<WindowKind>(random.below(5));
    switch (window.kind) {
        case WindowKind::tumbling:
            window.size = in_seconds(random, 1, 10);
            window.offset = random.chance(0.3) ? window.size - milliseconds(1) : Duration{};
            break;
        case WindowKind::hopping:
            window.size = in_seconds(random, 2, 10);
            window.hop = std::min(window.size, in_seconds(random, 1, 5));
            break;
        case WindowKind::sliding:
            window.size = in_seconds(random, 1, 8);
            break;
        case WindowKind::session:
            window.timeout = in_seconds(random, 1, 4);
            if (random.chance(0.6)) window.max_duration = in_seconds(random, 3, 10);
            break;
        case WindowKind::snapshot:
            break;
    }
    return window;
}

Select select(std::string name, Function function, Operand operand = {}) {
    Select made;
    made.name = std::move(name);
    made.function = function;
    made.operand = std::move(operand);
    return made;
}

Aggregate an_aggregate(Random& random, std::size_t place, bool partial) {
    constexpr std::array kFunctions = {Function::sum,    Function::min,   Function::max,  Function::avg,
                                       Function::stddev, Function::first, Function::last, Function::count};
    Aggregate aggregate;
    aggregate.name = "a" + std::to_string(place);
    aggregate.window = a_window(random);
    if (random.chance(0.7)) aggregate.group_by = {"k"};
    aggregate.select.push_back(select("n", Function::count));
    const Operand value{Operand::From::event, "v"};
    for (const auto function : kFunctions) {
        if (!random.chance(0.5)) continue;
        aggregate.select.push_back(select("s" + std::to_string(static_cast<int>(function)), function, value));
    }
    aggregate.subject = (partial ? "aggregates.{partition}.{tenant}." : "aggregates.{tenant}.") + aggregate.name;
    aggregate.partial = partial;
    return aggregate;
}

// What was added when seeds were kept already: it is drawn by itself, so that they stay what they are.
void more_functions(Aggregate& aggregate, Random& random) {
    constexpr std::array kFunctions = {Function::count_distinct,
                                       Function::stddevp,
                                       Function::var,
                                       Function::varp,
                                       Function::percentile_cont,
                                       Function::percentile_disc,
                                       Function::percentile_disc,
                                       Function::top_n,
                                       Function::collect};
    constexpr std::array kFractions = {0.0, 0.25, 0.5, 0.75, 1.0};
    const Operand value{Operand::From::event, "v"};
    for (std::size_t n = 0; n < kFunctions.size(); ++n) {
        auto more = select("m" + std::to_string(n), kFunctions[n], value);
        more.fraction = random.pick(kFractions);
        more.most = static_cast<std::uint32_t>(random.between(1, 4));
        more.ascending = random.chance(0.5);
        if (random.chance(0.4)) aggregate.select.push_back(std::move(more));
    }
    if (!random.chance(0.2)) return;
    // More than a few events, or a sum that is not.
    aggregate.having = {{0, millrace::Condition::Op::greater, static_cast<std::int64_t>(random.between(1, 3))}};
    const auto sum = std::ranges::find(aggregate.select, Function::sum, &Select::function);
    if (sum == aggregate.select.end() || random.chance(0.5)) return;
    aggregate.having = {{static_cast<std::uint32_t>(sum - aggregate.select.begin()),
                         millrace::Condition::Op::less_or_equal, static_cast<std::int64_t>(random.between(10, 90))}};
}

void name_things(settings::Pipeline& p) {
    p.name = "trips";
    p.input.stream = "EVENTS";
    p.input.subject = p.partitions > 1 ? "events.{partition}.{tenant}.trips" : "events.{tenant}.trips";
    p.event.timestamp = "at";
    p.event.late_subject = "late.{tenant}.trips";
    p.dead_letter.subject = "dead.{tenant}.trips";
    p.dead_letter.unroutable_subject = "dead-unroutable.trips";
}

void plan_pipeline(Plan& plan, Random& random) {
    auto& p = plan.pipeline;
    p.partitions = static_cast<std::uint32_t>(random.chance(0.5) ? 1 : random.between(2, 3));
    name_things(p);
    constexpr std::array<std::uint32_t, 4> kPending = {0, 5, 20, 100};
    p.input.max_ack_pending = random.pick(kPending);
    auto& event = p.event;
    if (random.chance(0.5)) event.out_of_order_tolerance = random.between(Duration(milliseconds(100)), seconds(3));
    event.late_arrival_tolerance = random.between(Duration(milliseconds(500)), seconds(20));
    if (random.chance(0.1)) event.late_arrival_tolerance.reset();
    event.early_limit = random.chance(0.5) ? Duration(seconds(5)) : Duration(minutes(5));
    event.on_late = static_cast<settings::OnLate>(random.below(3));
    if (random.chance(0.1)) event.timestamp.clear();
    p.state.checkpoint_every = random.between(Duration(milliseconds(50)), seconds(2));
    p.state.lease = random.between(Duration(seconds(3)), seconds(15));
    const auto aggregates = random.between(1, 4);
    for (std::size_t n = 0; n < aggregates; ++n) p.aggregates.push_back(an_aggregate(random, n, p.partitions > 1));
}

void plan_traffic(Plan& plan, Draw& draw) {
    auto& random = draw.random;
    plan.events = static_cast<std::uint32_t>(random.between(20, 200));
    const auto over = random.between(Duration(seconds(5)), minutes(5));
    plan.publish_every = over / static_cast<Duration::rep>(plan.events);
    plan.troubled_for = over + random.between(Duration(seconds(5)), minutes(3));
    plan.tenants = {"acme", "beta", "Gamma_3-x"};
    plan.tenants.resize(random.between(1, 3));
    plan.owned = {.disordered = draw.per_mille(400),
                  .late = draw.per_mille(150),
                  .early = draw.per_mille(60),
                  .too_early = draw.per_mille(30),
                  .undecodable = draw.per_mille(60),
                  .unroutable = draw.per_mille(40),
                  .on_grid = draw.per_mille(500),
                  .incomplete = draw.per_mille(100)};
    // The heads must fit the smallest message of all outputs, or go in parts.
    if (random.chance(0.3)) plan.max_message = random.between(9'000, 12'000);
}

void plan_faults(Plan& plan, Draw& draw) {
    plan.link = {.lose_delivery = draw.rate(0.05),
                 .double_delivery = draw.rate(0.05),
                 .lose_status = draw.rate(0.3),
                 .lose_pull = draw.rate(0.2),
                 .lose_ack = draw.rate(0.3),
                 .lose_publish = draw.rate(0.1),
                 .double_publish = draw.rate(0.1),
                 .lose_puback = draw.rate(0.2),
                 .fail_bind = draw.rate(0.3),
                 .fail_find = draw.rate(0.5),
                 .lose_read = draw.rate(0.3),
                 .double_answer = draw.rate(0.2),
                 .lose_purge = draw.rate(0.5),
                 .reorder = draw.rate(0.2),
                 .slow = draw.rate(0.05),
                 .slowest = draw.random.between(Duration(milliseconds(20)), seconds(5))};
    const auto lease = plan.pipeline.state.lease;
    auto& t = plan.troubles;
    t.crash = draw.trouble(seconds(5), minutes(2), seconds(1));
    t.restart = draw.trouble(seconds(10), minutes(3), seconds(1));
    t.freeze = draw.trouble(seconds(10), minutes(3), lease * 3);
    t.disconnect = draw.trouble(seconds(10), minutes(3), lease * 2);
    t.server_stop = draw.trouble(seconds(30), minutes(4), draw.random.chance(0.3) ? minutes(4) : seconds(20));
    t.leader = draw.trouble(seconds(15), minutes(3), seconds(20));
    t.consumer_gone = draw.trouble(seconds(20), minutes(4), seconds(1));
    t.output_full = draw.trouble(seconds(30), minutes(4), minutes(2));
    t.denied = draw.trouble(seconds(30), minutes(4), minutes(2));
    t.wall_step = draw.trouble(seconds(20), minutes(3), std::chrono::hours(24));
    t.clock_step = draw.trouble(seconds(20), minutes(2), milliseconds(200));
    plan.unflushed_acks = draw.random.chance(0.3) ? Duration(seconds(2)) : Duration::zero();
}

// An endpoint that says something else each time it is asked, and aggregates of what it says.
void plan_scores(Plan& plan, Random& random, double share) {
    auto& p = plan.pipeline;
    p.event.features = {{"who", {}}};
    p.results.subject = "results.{tenant}.trips";
    auto& endpoint = p.endpoint;
    endpoint.url = "http://model/score";
    endpoint.body = "bare";
    endpoint.max_batch_count = static_cast<std::uint32_t>(random.between(1, 8));
    endpoint.parallel_requests_per_partition = static_cast<std::uint32_t>(random.between(1, 3));
    endpoint.timeout = in_seconds(random, 2, 6);
    endpoint.mix_tenants = random.chance(0.2);
    endpoint.max_dead_letter_ratio = 1.0;
    endpoint.control = R"(["@control|0|good"])";
    plan.model.nonce = true;
    for (const auto kind : {Kind::poison, Kind::raises, Kind::slow, Kind::crashes}) {
        if (random.chance(0.3))
            plan.mix.odd[static_cast<std::size_t>(kind)] = static_cast<std::uint32_t>(random.between(5, 40));
    }
    const auto rate = [&](double most) { return random.chance(share) ? random.fraction() * most : 0; };
    plan.model_faults = {.throttle = rate(0.2),
                         .unavailable = rate(0.2),
                         .error = rate(0.2),
                         .hang = rate(0.1),
                         .refuse = rate(0.2),
                         .slow = rate(0.3)};
    if (random.chance(share * 0.5)) {
        plan.troubles.condition = {random.between(Duration(seconds(20)), minutes(4)),
                                   random.between(Duration(seconds(5)), minutes(3))};
    }
    for (auto& aggregate : p.aggregates) {
        for (auto& one : aggregate.select) {
            if (one.operand.from == Operand::From::event && random.chance(0.5))
                one.operand = {Operand::From::score, random.chance(0.7) ? "nonce" : "value"};
        }
    }
}

// Results in the order of their events, by themselves or in batches, with aggregates beside them or without.
void plan_order(Plan& plan, Random& random, Random& scores, double share) {
    if (!plan.is_scored()) plan_scores(plan, scores, share);
    auto& p = plan.pipeline;
    p.ordered = true;
    if (p.partitions > 1) p.results.subject = "results.{partition}.{tenant}.trips";
    if (random.chance(0.5)) p.results.as = settings::ResultsAs::batch;
    if (!random.chance(0.5)) return;
    p.aggregates.clear();
    p.event.on_late = settings::OnLate::adjust;  // nothing is late without windows
}

}  // namespace

Plan Plan::owned_of(std::uint64_t seed) {
    Plan plan;
    plan.seed = seed;
    Random pipeline(seed, "owned pipeline");
    plan_pipeline(plan, pipeline);
    Draw traffic{Random(seed, "owned traffic"), 1};
    plan_traffic(plan, traffic);
    Draw faults{Random(seed, "owned faults"), 0};
    faults.share = faults.random.pick(kShares);
    plan_faults(plan, faults);
    Random summaries(seed, "owned summaries");
    for (Aggregate& aggregate : plan.pipeline.aggregates) {
        if (summaries.chance(0.3)) aggregate.kv_bucket = "sums";
    }
    Random shape(seed, "owned shape");
    plan.replicas = static_cast<std::uint32_t>(shape.between(1, 3));
    plan.idle_turn = shape.chance(0.5) ? Duration(seconds(1)) : Duration(minutes(10));
    plan.duplicate_window = shape.chance(0.5) ? Duration(minutes(2)) : Duration(seconds(30));
    // Hours in which little happens: what is only forgotten after an hour is seen.
    if (shape.chance(0.03)) {
        plan.publish_every *= 60;
        plan.troubled_for *= 60;
    }
    Random more(seed, "owned more");
    for (auto& aggregate : plan.pipeline.aggregates) more_functions(aggregate, more);
    // Some groups of many bytes: what one watermark closes is more than a commit takes.
    if (more.chance(0.08) && plan.max_message >= 1 << 20) plan.owned.group_size = more.between(10'000, 60'000);
    if (more.chance(0.15)) {
        plan.starts_after = more.between(Duration(seconds(5)), minutes(1));
        plan.pipeline.input.start = kServerEpoch + more.between(Duration(seconds(1)), plan.starts_after);
    }
    if (more.chance(0.3 * faults.share)) plan.troubles.trim.every = more.between(Duration(seconds(5)), minutes(2));
    if (more.chance(0.2)) plan.disaster = more.below(kDisasters) + 1;
    Random together(seed, "owned together");
    plan.together = plan.disaster == 0 && together.chance(0.4);
    Random scores(seed, "owned scores");
    if (scores.chance(0.4)) plan_scores(plan, scores, faults.share);
    Random selection(seed, "owned selection");
    plan.where = draw_selection(selection, plan.pipeline);
    Random order(seed, "owned order");
    if (order.chance(0.3)) plan_order(plan, order, scores, faults.share);
    Random killers(seed, "owned killers");
    if (plan.is_scored() && killers.chance(0.1))
        plan.mix.odd[static_cast<std::size_t>(Kind::kills)] = static_cast<std::uint32_t>(killers.between(2, 8));
    // Owners that die while they close more than a commit takes.
    Random closing(seed, "owned closing");
    if (closing.chance(0.06) && plan.max_message >= 1 << 20) {
        plan.owned.group_size = closing.between(10'000, 60'000);
        plan.troubles.crash = {closing.between(Duration(seconds(1)), seconds(5)), seconds(1)};
        plan.together = false;
    }
    // Copies past the model stand in no order.
    if (plan.pipeline.ordered && plan.pipeline.bypass.to == settings::Bypass::To::results) plan.pipeline.bypass = {};
    return plan;
}

Plan Plan::owned_quiet() {
    Plan plan;
    plan.seed = 1;
    name_things(plan.pipeline);
    plan.pipeline.state.lease = seconds(6);
    plan.pipeline.event.on_late = settings::OnLate::subject;
    Aggregate counts;
    counts.name = "a0";
    counts.window.size = seconds(5);
    counts.group_by = {"k"};
    counts.select = {select("n", Function::count), select("s", Function::sum, {Operand::From::event, "v"})};
    counts.subject = "aggregates.{tenant}.a0";
    plan.pipeline.aggregates.push_back(std::move(counts));
    plan.tenants = {"acme"};
    plan.idle_turn = seconds(1);
    plan.duplicate_window = minutes(2);
    return plan;
}

}  // namespace millrace::sim
