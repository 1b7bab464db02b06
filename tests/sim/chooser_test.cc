#include "tests/sim/chooser.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

namespace millrace::sim {
namespace {

TEST_CASE("every combination of answers is given once, also where a question depends on an answer") {
    Chooser chooser(0);
    std::set<std::vector<std::uint32_t>> seen;
    std::size_t runs = 0;
    while (chooser.next()) {
        std::vector<std::uint32_t> answers{chooser.choose(3)};
        answers.push_back(chooser.choose(2));
        if (answers[0] == 1) answers.push_back(chooser.choose(4));
        seen.insert(answers);
        ++runs;
    }
    CHECK(runs == 2 + 2 * 4 + 2);
    CHECK(seen.size() == runs);
}

TEST_CASE("a run has at most so many deviations, and all choices of them are made") {
    for (const auto& [most, expected] : {std::pair{0u, 1u}, {1u, 1u + 5u}, {2u, 1u + 5u + 10u}}) {
        Chooser chooser(most);
        std::size_t runs = 0;
        while (chooser.next()) {
            std::uint32_t deviated = 0;
            for (int question = 0; question < 5; ++question) deviated += chooser.deviate();
            CHECK(deviated <= most);
            ++runs;
        }
        CHECK(runs == expected);
    }
}

TEST_CASE("a run can be made once more") {
    Chooser chooser(1);
    REQUIRE(chooser.next());
    REQUIRE(chooser.next() == false);
    Chooser other(1);
    for (int n = 0; n < 3; ++n) {
        REQUIRE(other.next());
        const auto first = other.choose(5);
        other.again();
        CHECK(other.choose(5) == first);
    }
}

}  // namespace
}  // namespace millrace::sim
