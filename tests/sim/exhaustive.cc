#include "tests/sim/exhaustive.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/chooser.h"
#include "tests/sim/stuck.h"
#include "tests/sim/world.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Board {
    const char* name;
    std::vector<std::vector<Kind>> messages;
};

const std::vector<Board> kBoards = {
    {"one event", {{Kind::good}}},
    {"two messages", {{Kind::good}, {Kind::good}}},
    {"a message of two", {{Kind::good, Kind::good}}},
    {"a bad one and its mate", {{Kind::good, Kind::poison}}},
    {"a result too large", {{Kind::bulky}, {Kind::good}}},
    {"three messages", {{Kind::good}, {Kind::good}, {Kind::good}}},
    {"a bad one between good ones", {{Kind::good}, {Kind::poison}, {Kind::good}}},
    {"four messages", {{Kind::good}, {Kind::good}, {Kind::good}, {Kind::good}}},
    {"two and two", {{Kind::good, Kind::good}, {Kind::good, Kind::poison}}},
};

std::size_t events_of(const Board& board) {
    std::size_t events = 0;
    for (const auto& message : board.messages) events += message.size();
    return events;
}

Plan plan_of(const Board& board, std::uint64_t replicas) {
    Plan plan = Plan::quiet();
    plan.replicas = static_cast<std::uint32_t>(replicas);
    plan.events = static_cast<std::uint32_t>(events_of(board));
    plan.pipeline.input.ack_wait = seconds(6);
    plan.pipeline.input.max_ack_pending = 16;
    plan.pipeline.endpoint.timeout = seconds(2);
    plan.pipeline.endpoint.max_batch_count = 2;
    plan.pipeline.endpoint.control = R"(["@control|0|good"])";
    plan.duplicate_window = seconds(12);
    plan.max_message = 3000;
    return plan;
}

// One schedule.
Played play(const Board& board, std::uint64_t replicas, std::uint64_t crash, const Bounds& bounds, Chooser& chooser,
            bool print) {
    Plan plan = plan_of(board, replicas);
    plan.strict = bounds.strict;
    World world(plan, print);
    world.scheduler.explore(chooser, static_cast<std::uint32_t>(bounds.orders), milliseconds(1));
    world.chooser = &chooser;
    const auto long_away = world.plan.duplicate_window + world.plan.pipeline.input.ack_wait;
    std::uint64_t crashed = 0;
    world.restart_after = [&](std::size_t) {
        ++crashed;
        return chooser.choose(2) == 0 ? Duration(milliseconds(10)) : long_away;
    };
    world.make_streams();
    for (const auto& message : board.messages) world.publisher.publish("acme", message);
    world.start();
    if (crash > 0) world.replicas.front()->die_after(crash);
    const bool done = world.run_until([&] { return world.all_done(); }, minutes(30));
    if (!done && !world.oracle.violation()) world.oracle.violate("recovers", why_stuck(world));
    return {crashed, world.oracle.stored_again(), world.oracle.violation()};
}

std::vector<Game> shared_games() {
    std::vector<Game> games;
    for (const auto& board : kBoards) {
        games.push_back({board.name, events_of(board),
                         [&board](auto replicas, auto crash, auto& bounds, auto& chooser, bool print) {
                             return play(board, replicas, crash, bounds, chooser, print);
                         }});
    }
    return games;
}

struct Counts {
    std::uint64_t schedules = 0;
    std::uint64_t crashes = 0;
    std::uint64_t stored_again = 0;
};

// All schedules with the crash at one call; false when none came that far, or one broke a promise.
bool play_crash(const Game& game, std::uint64_t replicas, std::uint64_t crash, const Bounds& bounds, Counts& counts,
                bool& broken) {
    Chooser chooser(static_cast<std::uint32_t>(bounds.deviations));
    bool any = false;
    while (chooser.next()) {
        auto played = game.play(replicas, crash, bounds, chooser, false);
        ++counts.schedules;
        counts.crashes += played.crashes;
        counts.stored_again += played.stored_again;
        any = played.crashes > 0 || any;
        if (!played.violation) continue;
        chooser.again();
        played = game.play(replicas, crash, bounds, chooser, true);
        std::printf("%s, %llu replicas, crash at call %llu, breaks %s: %s\n", game.name,
                    static_cast<unsigned long long>(replicas), static_cast<unsigned long long>(crash),
                    played.violation->invariant.c_str(), played.violation->text.c_str());
        broken = true;
        return false;
    }
    return any;
}

}  // namespace

int play_all(const Bounds& bounds) {
    Counts all;
    bool broken = false;
    for (const auto& game : bounds.owned ? owned_games() : shared_games()) {
        if (game.events > bounds.events) continue;
        for (std::uint64_t replicas = 1; replicas <= bounds.replicas; ++replicas) {
            Counts counts;
            play_crash(game, replicas, 0, bounds, counts, broken);
            std::uint64_t crash = 1;
            while (!broken && play_crash(game, replicas, crash, bounds, counts, broken)) ++crash;
            if (broken) return 1;
            std::printf("%-28s %llu replicas: %9llu schedules, crash at each of %llu calls, %llu stored again\n",
                        game.name, static_cast<unsigned long long>(replicas),
                        static_cast<unsigned long long>(counts.schedules), static_cast<unsigned long long>(crash - 1),
                        static_cast<unsigned long long>(counts.stored_again));
            all.schedules += counts.schedules;
            all.crashes += counts.crashes;
            all.stored_again += counts.stored_again;
        }
    }
    std::printf("%llu schedules, %llu crashes, stored again beyond the duplicate window: %llu\n",
                static_cast<unsigned long long>(all.schedules), static_cast<unsigned long long>(all.crashes),
                static_cast<unsigned long long>(all.stored_again));
    return all.schedules > 0 ? 0 : 1;
}

}  // namespace millrace::sim
