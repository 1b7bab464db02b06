#include "tests/property.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ostream>

namespace millrace {

namespace {

constexpr const char* kParameters = "seed=20240501 max_success=300";
constexpr double kLonger = 3;  // moves at most, per unit of rapidcheck's size, which grows to 100

rc::Gen<Move> any_move(std::size_t kinds) {
    const auto number = rc::gen::inRange<std::size_t>(0, 1000);
    return rc::gen::build<Move>(rc::gen::set(&Move::what, rc::gen::inRange<std::size_t>(0, kinds)),
                                rc::gen::set(&Move::a, number), rc::gen::set(&Move::b, number));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Move& move) {
    return out << move.what << '(' << move.a << ',' << move.b << ')';
}

std::vector<Move> schedule(std::size_t kinds) {
    // Numbers of their full range from the first case on; only the length grows.
    const auto moves = rc::gen::container<std::vector<Move>>(rc::gen::resize(rc::kNominalSize, any_move(kinds)));
    return *rc::gen::scale(kLonger, moves);
}

void holds(const std::function<void()>& property) {
    setenv("RC_PARAMS", kParameters, 0);  // read by rapidcheck at its first check
    CHECK(rc::check(property));
}

}  // namespace millrace
