// The tree the tests were built from, for those that compare a file of it with what makes it. Not __FILE__: a compiler
// cache may make that relative to a folder nobody is in.
#pragma once

#include <filesystem>

namespace millrace::tests {

std::filesystem::path source_tree();

}  // namespace millrace::tests
