// Property tests: rapidcheck under doctest. A property is a function that draws what it needs (`*rc::gen::…`,
// `schedule`) and asserts with RC_ASSERT, which may evaluate its expression twice and all of it; `holds` runs it on
// many draws, shrinks the first that breaks it, and fails the test case with the shrunk draws and the seed.
//
// The seed is fixed, so that a change is judged by the same cases each time; RC_PARAMS="seed=7 max_success=10000" in
// the environment looks further, and `reproduce=…` as printed replays one failure.
#pragma once

#include <rapidcheck.h>

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <vector>

namespace millrace {

// One step of a made-up schedule: which of a machine's calls, and two numbers to make arguments of.
struct Move {
    std::size_t what = 0;  // below the number of kinds
    std::size_t a = 0;     // below 1000
    std::size_t b = 0;     // below 1000
};
std::ostream& operator<<(std::ostream& out, const Move& move);

// Up to some hundred moves. Only inside a property.
std::vector<Move> schedule(std::size_t kinds);

// Requires: inside a doctest case.
void holds(const std::function<void()>& property);

}  // namespace millrace
