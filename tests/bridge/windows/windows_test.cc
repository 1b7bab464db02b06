#include "bridge/windows/windows.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/bridge/windows/bench.h"

using namespace millrace;
using namespace millrace::windows;
using namespace std::chrono_literals;

TEST_CASE("a tumbling window counts what is after its start up to its end") {
    Bench bench({aggregate(tumbling(10s))});
    for (const int t : {1, 2, 3, 9, 10, 11, 20, 21, 22, 25, 30}) bench.add(at(t));
    CHECK(bench.ends_and_counts(at(1000)) == "10:5 20:2 30:4");
    CHECK(bench.windows.empty("a"));
    CHECK(bench.windows.groups() == 0);
    CHECK(bench.windows.bytes() == 0);
}
