// What only a person can end. All replicas are dead while it happens; then one of them says so by its name, and nothing
// of what it would have published is stored.
#include <algorithm>

#include "tests/sim/owned_run.h"

namespace millrace::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

std::span<const OwnedRun::Disaster> OwnedRun::disasters() {
    static constexpr Disaster kDisasters[] = {
        {"input_trimmed", &OwnedRun::lose_the_unread},
        {"input_regressed", &OwnedRun::make_input_anew},
        {"state_regressed", &OwnedRun::restore_older_state},
        {"state_unreadable", &OwnedRun::damage_state},
        {"fingerprint_mismatch", &OwnedRun::go_back_a_generation},
    };
    return kDisasters;
}

void OwnedRun::end_badly() {
    auto& w = world_;
    if (w.plan.disaster == 0) return;
    const auto& disaster = disasters()[w.plan.disaster - 1];
    if (!(this->*disaster.strike)() || w.oracle.violation()) return;
    w.trace.fault("disaster", std::string(disaster.halt));
    w.oracle.expect_halt(std::string(disaster.halt));
    const auto halted = [&] {
        return std::ranges::any_of(w.replicas,
                                   [&](const auto& r) { return r->alive() && r->snapshot().halt == disaster.halt; });
    };
    if (!w.run_until(halted, minutes(2)) && !w.oracle.violation())
        w.oracle.violate("halted", "nobody halts with " + std::string(disaster.halt) + ": " + w.state_text());
    w.run_until([] { return false; }, minutes(1));
}

// They come back later than what they did last is forgotten.
void OwnedRun::kill_all() {
    auto& w = world_;
    w.restart_after = [](std::size_t) { return seconds(10); };
    for (const auto& replica : w.replicas) replica->die();
    w.run_until(w.scheduler.now() + seconds(5));
}

bool OwnedRun::lose_the_unread() {
    auto& w = world_;
    kill_all();
    for (int n = 0; n < 3; ++n) w.publisher.publish_one();
    auto* input = w.server.stream(w.plan.pipeline.input.stream);
    input->purge("events.>", input->last_sequence());
    return true;
}

bool OwnedRun::make_input_anew() {
    auto& w = world_;
    kill_all();
    const auto config = w.server.stream(w.plan.pipeline.input.stream)->config();
    w.server.delete_stream(config.name);
    w.server.add_stream(config);
    return true;
}

bool OwnedRun::restore_older_state() {
    auto& w = world_;
    const auto old = w.server.stream("STATE")->messages();
    for (Partition p = 0; p < w.plan.pipeline.partitions; ++p)
        w.publisher.publish(w.plan.tenants.front(), "k1", 1, {}, p);
    if (!w.run_until([&w] { return w.oracle.caught_up(); }, minutes(2))) return false;
    w.run_until(w.scheduler.now() + seconds(30));
    kill_all();
    const auto config = w.server.stream("STATE")->config();
    w.server.delete_stream("STATE");
    w.server.add_stream(config);
    // Behind the oracle's back: these are no commits.
    for (const auto& message : old)
        w.server.stream("STATE")->store(message.subject, {}, message.payload, message.stored_at);
    w.oracle.forget_heads();
    return true;
}

bool OwnedRun::damage_state() {
    auto& w = world_;
    kill_all();
    const auto* last = w.oracle.last(0);
    if (last == nullptr || last->head.base == 0) return false;
    w.server.stream("STATE")->purge(settings::state_subject(w.plan.pipeline, 0), last->sequence);
    return true;
}

// Replicas of the generation before come back after the next one has begun.
bool OwnedRun::go_back_a_generation() {
    auto& w = world_;
    w.raise_generation();
    kill_all();
    const auto begun = [&] {
        for (Partition p = 0; p < w.plan.pipeline.partitions; ++p) {
            if (w.oracle.last(p)->head.generation == 1) return false;
        }
        return true;
    };
    if (!w.run_until(begun, minutes(5))) return false;
    w.raises = false;
    kill_all();
    return true;
}

}  // namespace millrace::sim
