#include "bridge/base/log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace millrace {

namespace {

// What was written to stderr while `run` ran.
template <typename Run>
std::string on_stderr(Run run) {
    std::FILE* const kept = std::tmpfile();
    REQUIRE(kept != nullptr);
    const int file = ::fileno(kept);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    run();
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    std::string written(1 << 20, '\0');
    const auto size = ::pread(file, written.data(), written.size(), 0);
    std::fclose(kept);
    REQUIRE(size >= 0);
    written.resize(static_cast<std::size_t>(size));
    return written;
}

}  // namespace

TEST_CASE("log: lines of several threads come out whole, with braces as they are") {
    const auto written = on_stderr([] {
        std::vector<std::jthread> threads;
        for (const auto* pipeline : {"p0", "p1", "p2", "p3"}) {
            threads.emplace_back([pipeline] {
                for (int i = 0; i < 50; ++i) log(Level::info, "threads", "{} %s {0}", pipeline);
            });
        }
    });
    std::size_t lines = 0;
    for (std::string_view rest = written; !rest.empty(); ++lines) {
        const auto line = rest.substr(0, rest.find('\n'));
        CAPTURE(line);
        CHECK(line.starts_with("{\"ts\":\"2"));
        CHECK(line.ends_with("\"text\":\"{} %s {0}\"}"));
        rest.remove_prefix(line.size() + 1);
    }
    CHECK(lines == 40);  // ten of each pipeline
}

}  // namespace millrace
