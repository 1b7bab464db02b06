// Each configuration on docs/endpoints.md works, and each protocol has one.
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "bridge/protocols/registry.h"
#include "sample.h"
#include "tests/source_tree.h"

using namespace millrace;
using namespace millrace::config;

namespace {

// A pipeline around what stands in one block of the page.
std::string around(const std::string& block) {
    std::string yaml =
        "version: 1\nnats: {urls: [\"nats://127.0.0.1:4222\"]}\npipelines:\n"
        "  - name: fares\n    input: {stream: EVENTS, subject: \"events.{tenant}.trips\"}\n"
        "    results: {subject: \"results.{tenant}.fares\"}\n";
    std::istringstream lines(block);
    for (std::string line; std::getline(lines, line);) yaml += "    " + line + "\n";
    return yaml;
}

}  // namespace

TEST_CASE("endpoints page: every configuration on it loads, and every protocol has one") {
    std::ifstream file(tests::source_tree() / "docs/endpoints.md");
    std::stringstream text;
    text << file.rdbuf();
    const std::string page = text.str();
    const std::string open = "```yaml\n";
    std::set<std::string> shown;
    for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at)) {
        at += open.size();
        const std::string block = page.substr(at, page.find("```", at) - at);
        CAPTURE(block);
        const auto loaded = load("t.yaml", around(block));
        CHECK(complaints(around(block)) == "");
        if (loaded) shown.insert(loaded->pipelines.front().endpoint.protocol);
    }
    for (const std::string_view name : protocols::names()) CHECK(shown.contains(std::string(name)));
}
