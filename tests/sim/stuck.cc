#include "tests/sim/stuck.h"

#include <algorithm>
#include <vector>

namespace millrace::sim {
namespace {

constexpr std::size_t kMostEvents = 3;

std::string at(Time time) { return std::to_string(time.time_since_epoch() / std::chrono::milliseconds(1)) + " ms"; }

std::vector<const Replica*> all_replicas(const World& world) {
    std::vector<const Replica*> all;
    for (const auto& replica : world.graveyard) all.push_back(replica.get());
    for (const auto& replica : world.replicas) all.push_back(replica.get());
    return all;
}

std::string message_text(World& world, std::uint64_t sequence) {
    for (const auto* consumer : world.server.consumers()) {
        const auto wait = consumer->waits(sequence);
        if (!wait) continue;
        return "is pending at " + consumer->config().name + " after " + std::to_string(wait->count) +
               " deliveries, next one at " + at(wait->due);
    }
    return "is not pending at any consumer";
}

std::string holder_text(World& world, std::uint64_t sequence) {
    const Replica* last = nullptr;
    Time touched{};
    for (const auto* replica : all_replicas(world)) {
        for (const auto& [place, when] : replica->memory().touched) {
            if (place.sequence == sequence && when >= touched) last = replica, touched = when;
        }
    }
    if (last == nullptr) return "no replica ever had it";
    return last->name() + (last->alive() ? "" : " (dead)") + " had it last, touched at " + at(touched);
}

std::string answer_text(World& world, const EventToken& token) {
    std::size_t asked = 0;
    std::string last = "it was never asked about";
    for (const auto* replica : all_replicas(world)) {
        for (const auto& exchange : replica->memory().exchanges) {
            if (std::ranges::find(exchange.events, token) == exchange.events.end()) continue;
            last = "asked " + std::to_string(++asked) + " times, last at " + at(exchange.answered) + " by " +
                   replica->name() + " among " + std::to_string(exchange.events.size()) + ": " +
                   std::string(name(exchange.outcome));
        }
    }
    return last;
}

}  // namespace

std::string why_stuck(World& world) {
    const auto open = world.oracle.open_events();
    std::string text = std::to_string(open.size()) + " events are not settled";
    for (std::size_t n = 0; n < std::min(open.size(), kMostEvents); ++n) {
        text += "; " + open[n].name + ": message " + std::to_string(open[n].sequence) + " " +
                message_text(world, open[n].sequence) + ", " + holder_text(world, open[n].sequence);
        if (open[n].token) text += ", " + answer_text(world, *open[n].token);
    }
    return text + "; " + world.state_text();
}

}  // namespace millrace::sim
