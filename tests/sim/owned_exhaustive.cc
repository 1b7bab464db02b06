// The boards of owned partitions: small windows, and what an event can come to.
#include <string>

#include "tests/sim/exhaustive.h"
#include "tests/sim/owned_world.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A message of one event: how long ago it happened, or that it is none.
struct Message {
    Duration ago{};
    bool fit = true;
};

struct Board {
    const char* name;
    std::vector<Message> messages;
};

const std::vector<Board> kBoards = {
    {"one event", {{}}},
    {"no event", {{.fit = false}}},
    {"one window of two", {{}, {}}},
    {"one closes the other's", {{seconds(3)}, {}}},
    {"a late one", {{}, {seconds(30)}}},
    {"three windows", {{seconds(4)}, {seconds(2)}, {}}},
    {"one of each", {{seconds(3)}, {seconds(30)}, {.fit = false}, {}}},
};

Plan plan_of(const Board& board, std::uint64_t replicas, const Bounds& bounds) {
    Plan plan = Plan::owned_quiet();
    plan.strict = bounds.strict;
    plan.replicas = static_cast<std::uint32_t>(replicas);
    plan.events = static_cast<std::uint32_t>(board.messages.size());
    plan.pipeline.input.max_ack_pending = 16;
    plan.pipeline.state.lease = seconds(3);
    plan.pipeline.aggregates.front().window.size = seconds(1);
    plan.duplicate_window = seconds(12);
    return plan;
}

Played play(const Board& board, std::uint64_t replicas, std::uint64_t crash, const Bounds& bounds, Chooser& chooser,
            bool print) {
    OwnedWorld world(plan_of(board, replicas, bounds), print);
    world.scheduler.explore(chooser, static_cast<std::uint32_t>(bounds.orders), milliseconds(1));
    world.chooser = &chooser;
    std::uint64_t crashed = 0;
    world.restart_after = [&](std::size_t) {
        ++crashed;
        return chooser.choose(2) == 0 ? Duration(milliseconds(10)) : Duration(seconds(20));
    };
    world.make_streams();
    for (const auto& message : board.messages) {
        if (message.fit) {
            world.publisher.publish("acme", "k", 7, message.ago);
        } else {
            world.publisher.publish_text("acme", "no json");
        }
    }
    world.start();
    // The first one is the owner, and the one that dies.
    if (replicas > 1) world.replicas.back()->freeze(milliseconds(500));
    if (crash > 0) world.replicas.front()->die_after(crash);
    const bool done = world.run_until([&] { return world.all_done(); }, minutes(30));
    if (!done && !world.oracle.violation()) world.oracle.violate("recovers", world.state_text());
    return {crashed, 0, world.oracle.violation()};
}

}  // namespace

std::vector<Game> owned_games() {
    std::vector<Game> games;
    for (const auto& board : kBoards) {
        games.push_back({board.name, board.messages.size(),
                         [&board](auto replicas, auto crash, auto& bounds, auto& chooser, bool print) {
                             return play(board, replicas, crash, bounds, chooser, print);
                         }});
    }
    return games;
}

}  // namespace millrace::sim
