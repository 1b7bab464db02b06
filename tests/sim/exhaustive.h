// Exhaustive: every schedule of a small world, instead of some of a large one.
//
// A board is up to four events, one or two replicas and a healthy endpoint. On it is played: no crash, or a crash of
// the first replica at its 1st, 2nd, … call through a port, with each possible part of what it had not flushed still
// leaving, and back at once or only after the duplicate window; and in each of these every choice of at most
// `deviations` oddities among: a delivery, a publication, a PubAck or an ack gets lost; of up to `orders` things
// that are due at one time another than the first comes first. Time is laid on a grid of a millisecond, so that what
// could happen in either order does.
//
// Each schedule is checked by the Oracle and must settle and ack everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "tests/sim/chooser.h"
#include "tests/sim/oracle.h"

namespace millrace::sim {

struct Bounds {
    std::uint64_t events = 4;
    std::uint64_t replicas = 2;
    std::uint64_t deviations = 1;
    std::uint64_t orders = 3;
    bool strict = false;  // Plan::strict
    bool owned = false;   // of owned partitions
};

// One schedule's end.
struct Played {
    std::uint64_t crashes = 0;
    std::uint64_t stored_again = 0;
    std::optional<Violation> violation;
};

// A board and how it is played; `crash`: the call at which the first replica dies, 0 for none.
struct Game {
    const char* name;
    std::size_t events;
    std::function<Played(std::uint64_t replicas, std::uint64_t crash, const Bounds& bounds, Chooser& chooser,
                         bool print)>
        play;
};

// Of owned partitions (owned_exhaustive.cc): what must come of the events is stored, and every message is below a
// floor.
std::vector<Game> owned_games();

// Plays all boards within the bounds and prints how many schedules there were; the first that breaks a promise is
// printed with its trace. Gives the exit code.
int play_all(const Bounds& bounds);

}  // namespace millrace::sim
