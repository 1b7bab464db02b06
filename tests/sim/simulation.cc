// sim: runs seeds of the simulated world, or one of them again. Exit 1 at the first broken promise, unless told to go
// on.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/sim/options.h"
#include "tests/sim/owned_run.h"
#include "tests/sim/run.h"
#include "tests/sim/shrink.h"
#include "tests/sim/totals.h"

namespace millrace::sim {
namespace {

Report run(const Plan& plan, bool trace = false) {
    return plan.is_owned() ? OwnedRun(plan, trace).go() : Run(plan, trace).go();
}

Report run(const Plan& plan, const Options& options) {
    auto report = run(plan, options.trace);
    if (options.twice && run(plan).hash != report.hash && !report.violation) {
        report.violation = Violation{"repeatable", "two runs of one seed have different traces"};
    }
    return report;
}

void tell(std::uint64_t seed, const Edits& edits, const Report& report) {
    std::printf("%s\n", edits.plan(seed).text().c_str());
    for (const auto& line : report.last) std::printf("    %s\n", line.c_str());
    std::printf("seed %llu breaks %s: %s\nreplay: sim %s --trace\n", static_cast<unsigned long long>(seed),
                report.violation->invariant.c_str(), report.violation->text.c_str(), edits.text(seed).c_str());
}

int shrink(const Options& options) {
    const auto broken = [](const Plan& plan) {
        const auto report = run(plan);
        return report.violation ? report.violation->invariant : std::string();
    };
    const auto before = run(options.edits.plan(options.from));
    if (!before.violation) return std::printf("seed breaks nothing\n"), 1;
    const auto edits = sim::shrink(options.from, options.edits, broken);
    tell(options.from, edits, run(edits.plan(options.from)));
    return 0;
}

int run_seeds(const Options& options) {
    Totals totals;
    const auto expected = listed(options.expect);
    for (auto seed = options.from; seed < options.from + options.seeds; ++seed) {
        const auto report = run(options.edits.plan(seed), options);
        totals.add(seed, report);
        if (!report.violation || options.keep_going) continue;
        tell(seed, options.edits, report);
        return std::ranges::find(expected, report.violation->invariant) == expected.end() ? 1 : 0;
    }
    if (options.hash) return std::printf("%016llx\n", static_cast<unsigned long long>(totals.hash())), 0;
    totals.print();
    bool unseen = false;
    for (const auto& [name, count] : totals.marks()) {
        if (!options.marks || count > 0) continue;
        std::printf("never seen: %s\n", name.c_str());
        unseen = true;
    }
    if (unseen) return 1;
    if (options.expect.empty()) return totals.broken() == 0 ? 0 : 1;
    std::printf("no seed breaks %s\n", options.expect.c_str());
    return 1;
}

// Seeds that once broke a promise: a line has the words of a command line, and why it is kept behind a '#'.
int replay(const std::string& file) {
    std::ifstream lines(file);
    int kept = 0;
    int broken = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto hash = std::min(line.find('#'), line.size());
        std::istringstream text(line.substr(0, hash));
        std::vector<std::string> words;
        for (std::string word; text >> word;) words.push_back(word);
        if (words.empty()) continue;
        const auto options = parse_options(words);
        if (!options) return std::printf("%s: cannot read '%s'\n", file.c_str(), line.c_str()), 2;
        const auto report = run(options->edits.plan(options->from));
        ++kept;
        if (!report.violation) continue;
        tell(options->from, options->edits, report);
        std::printf("kept because: %s\n", line.substr(hash).c_str());
        ++broken;
    }
    std::printf("%d kept seeds, %d broken\n", kept, broken);
    return kept > 0 && broken == 0 ? 0 : 1;
}

int act(const Options& options) {
    if (!options.replay.empty()) return replay(options.replay);
    if (options.exhaustive) return play_all(options.bounds);
    return options.shrink ? shrink(options) : run_seeds(options);
}

}  // namespace
}  // namespace millrace::sim

int main(int count, char** words) {
    const auto options = millrace::sim::parse_options({words + 1, words + count});
    if (options) return millrace::sim::act(*options);
    std::fputs(millrace::sim::kUsage, stderr);
    return 2;
}
