// The command line: which commands there are, and which part of the program each of them calls.
//
// Nothing is decided here beyond reading options. Reports go to `out`, complaints about the call to `err`; the exit
// codes are those the help lists.
#pragma once

#include <iosfwd>

namespace millrace::cli {

struct Streams {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
};

enum Exit : int {
    kFine = 0,
    kProblem = 1,  // the command ran and found or met a problem
    kRefused = 2,  // bad options or a bad configuration: nothing was started
};

// Returns the exit code.
int execute(int argc, const char* const* argv, Streams streams);

}  // namespace millrace::cli
