#include <cstdlib>
#include <fstream>
#include <iostream>

#include "bridge/cli/cli.h"

namespace {

// Secrets stand in the heap and on stacks. Nothing of those goes into a core file, nor to a collector it is piped to,
// which no limit on its size keeps out (core(5)). With MILLRACE_CORE_DUMPS in the environment all of it does.
void keep_memory_out_of_core_files() {
    if (std::getenv("MILLRACE_CORE_DUMPS") == nullptr) std::ofstream("/proc/self/coredump_filter") << "0\n";
}

}  // namespace

int main(int argc, char** argv) {
    keep_memory_out_of_core_files();
    return millrace::cli::execute(argc, argv, {std::cin, std::cout, std::cerr});
}
