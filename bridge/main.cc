#include <iostream>

#include "bridge/cli/cli.h"

int main(int argc, char** argv) { return millrace::cli::execute(argc, argv, {std::cin, std::cout, std::cerr}); }
