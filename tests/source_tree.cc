#include "tests/source_tree.h"

namespace millrace::tests {

std::filesystem::path source_tree() { return MILLRACE_SOURCE_TREE; }

}  // namespace millrace::tests
