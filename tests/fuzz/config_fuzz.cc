// Any bytes as a configuration: it loads or every problem has a place and a text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bridge/config/loader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto loaded = millrace::config::load("f.yaml", {reinterpret_cast<const char*>(bytes), size});
    if (loaded) return 0;
    if (loaded.error().empty()) std::abort();
    for (const auto& problem : loaded.error()) {
        if (problem.text.empty() || problem.line < 0) std::abort();
    }
    return 0;
}
