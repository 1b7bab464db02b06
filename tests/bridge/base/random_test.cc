#include "bridge/base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>

namespace millrace {

using namespace std::chrono_literals;

TEST_CASE("random: the published numbers of SplitMix64") {
    Random random(1234567);
    for (const std::uint64_t expected : {6457827717110365317ull, 3203168211198807973ull, 9817491932198370423ull,
                                         4593380528125082431ull, 16408922859458223821ull}) {
        CHECK(random.next() == expected);
    }
}

TEST_CASE("random: below draws every value from zero to the limit, each about as often") {
    Random random(1);
    std::array<int, 5> drawn{};
    for (int i = 0; i < 5000; ++i) {
        const Duration value = random.below(4ns);
        REQUIRE(value >= 0ns);
        REQUIRE(value <= 4ns);
        ++drawn.at(static_cast<std::size_t>(value.count()));
    }
    for (const int times : drawn) {
        CHECK(times > 850);
        CHECK(times < 1150);
    }
}

TEST_CASE("random: below takes zero, and the longest duration there is") {
    Random random(1);
    CHECK(random.below(0ns) == 0ns);
    for (int i = 0; i < 1000; ++i) CHECK(random.below(Duration::max()) >= 0ns);
}

}  // namespace millrace
