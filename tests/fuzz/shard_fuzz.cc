// A script for one shard: see shard_script.h. Once its acts are over all heals, and each message must be acked within
// kHealWithin of virtual time; a pipeline that has halted needs a person, and one that drains must end.
#include <algorithm>

#include "bridge/base/check.h"
#include "bridge/protocols/registry.h"
#include "tests/fuzz/shard_script.h"

namespace millrace::fuzz {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kHealWithin = std::chrono::hours(2);

std::vector<Partition> partitions_of(const settings::Pipeline& pipeline) {
    return pipeline.partitions > 1 ? std::vector<Partition>{0, 1} : std::vector<Partition>{0};
}

settings::Pipeline pipeline_from(Tape& tape) {
    settings::Pipeline p;
    p.name = "p";
    p.partitions = tape.flag() ? 2 : 1;
    p.input.stream = "S";
    p.input.subject = p.partitions > 1 ? "in.{partition}.{tenant}" : "in.{tenant}";
    p.event.features = {{"who", {}}, {"n", "7"}};
    auto& e = p.endpoint;
    e.url = "http://model/score";
    e.body = "bare";
    e.max_batch_count = static_cast<std::uint32_t>(1 + tape.below(5));
    e.parallel_requests_per_partition = static_cast<std::uint32_t>(1 + tape.below(3));
    e.mix_tenants = tape.below(4) == 3;
    e.max_batch_wait = milliseconds(tape.flag() ? 50 : 0);
    e.max_dead_letter_ratio = 1.0;
    e.on_rejected = tape.below(8) == 7 ? settings::OnRejected::fail : settings::OnRejected::isolate;
    if (tape.flag()) e.control = R"(["control",0])";
    p.results.subject = "out.{tenant}";
    p.results.include = tape.flag() ? settings::Include::everything : settings::Include::nothing;
    p.dead_letter = {"dead.{tenant}", "dead-unroutable"};
    p.input.ack_wait = seconds(tape.flag() ? 6 : 30);
    return p;
}

}  // namespace

Script::Script(Tape tape)
    : tape_(tape),
      pipeline_(pipeline_from(tape_)),
      world_(pipeline_, tape_),
      protocol_(protocols::make(pipeline_)),
      shard_({pipeline_, partitions_of(pipeline_), world_, arrivals_, world_, *protocol_, credentials_, world_, 1}) {
    world_.duplicate_window = seconds(tape_.flag() ? 20 : 120);
    turn();
}

void Script::run() {
    while (!tape_.over()) {
        const std::size_t act = tape_.below(kActs.size());
        world_.tell("act", std::to_string(act));
        (this->*kActs[act])();
        turn();
    }
    heal();
}

void Script::turn() {
    world_.calls = 0;
    shard_.turn(world_.now, world_.server_now());
    MILLRACE_CHECK(shard_.until_due(world_.now) > Duration::zero(), "what is due now was done");
}

// A server and an endpoint in the best of health, until all is acked. What was asked before may have got lost.
void Script::heal() {
    world_.tell("all heals");
    connection_breaks();
    turn();
    connection_is_back();
    for (const Time end = world_.now + kHealWithin; !ended() && world_.now < end;) {
        serve();
        turn();
        world_.now += std::min<Duration>(shard_.until_due(world_.now), milliseconds(500));
    }
    MILLRACE_CHECK(ended(), "recovers: everything drains once all is well");
}

bool Script::ended() const {
    if (world_.halted) return true;
    if (drain_deadline_ != kNever) return shard_.drained();
    return std::ranges::all_of(world_.messages, [](const auto& each) { return each.second.acked; });
}

void Script::serve() {
    while (const auto partition = take(world_.binds)) arrivals_.put(world_.bound(*partition, true, 1 << 20));
    while (const auto find = take(world_.finds)) arrivals_.put(world_.found(find->number));
    while (auto stored = take(world_.answers)) arrivals_.put(std::move(*stored));
    while (const auto request = take(world_.requests)) scored(*request);
    std::erase_if(world_.pulls, [this](ShardWorld::Pull& pull) { return serve(pull); });
}

// True when the pull is over.
bool Script::serve(ShardWorld::Pull& pull) {
    auto& wanted = pull.request;
    const auto give = [&](std::uint64_t sequence) {
        arrivals_.put(world_.deliver(sequence, wanted.slot));
        return --wanted.batch == 0;
    };
    while (const auto again = world_.due_again(wanted.partition)) {
        if (give(*again)) return true;
    }
    for (const auto& [sequence, message] : world_.messages) {
        if (message.delivered > 0 || world_.partition_of(sequence) != wanted.partition) continue;
        if (give(sequence)) return true;
    }
    const bool over = world_.now - pull.opened >= wanted.expires;
    arrivals_.put(PullStatus{wanted.partition, wanted.slot, wanted.number, over ? 408 : 100, {}});
    return over;
}

}  // namespace millrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace millrace::fuzz;
    if (size <= 2048) Script(Tape(bytes, size)).run();
    return 0;
}
