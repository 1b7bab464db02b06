// Options: the simulator's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/edits.h"
#include "tests/sim/exhaustive.h"

namespace millrace::sim {

struct Options {
    std::uint64_t from = 1;
    std::uint64_t seeds = 1;
    Edits edits;
    bool trace = false;
    bool twice = false;
    bool keep_going = false;
    bool hash = false;
    bool shrink = false;
    bool marks = false;
    bool exhaustive = false;
    Bounds bounds;
    std::string expect;  // promises that may be the broken one, comma-separated
    std::string replay;  // a file of seeds
};

extern const char* const kUsage;

// Nothing for words it does not know.
std::optional<Options> parse_options(const std::vector<std::string>& words);
// What is between the commas.
std::vector<std::string> listed(const std::string& text);

}  // namespace millrace::sim
