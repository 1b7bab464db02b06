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

#include <cstdint>

namespace millrace::sim {

struct Bounds {
    std::uint64_t events = 4;
    std::uint64_t replicas = 2;
    std::uint64_t deviations = 1;
    std::uint64_t orders = 3;
    bool strict = false;  // Plan::strict
    bool owned = false;   // of owned partitions
};

// Plays all boards within the bounds and prints how many schedules there were; the first that breaks a promise is
// printed with its trace. Gives the exit code.
int play_all(const Bounds& bounds);

}  // namespace millrace::sim
