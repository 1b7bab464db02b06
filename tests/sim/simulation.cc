// sim: runs seeds of the simulated world, or one of them again.
//
//     sim --seeds 200 [--from 1] [--twice]     many; prints totals; exit 1 at the first broken promise
//     sim --seed 17 [--trace]                  one
//     sim --seeds 200 --expect NAME            exit 0 only if a seed breaks the promise NAME (for mutants)
#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/world.h"

namespace millrace::sim {
namespace {

struct Options {
    std::uint64_t from = 1;
    std::uint64_t seeds = 1;
    bool trace = false;
    bool twice = false;
    std::string expect;  // promises that may be the broken one, comma-separated
};

struct Totals {
    std::uint64_t seeds = 0;
    std::uint64_t events = 0;
    std::uint64_t steps = 0;
    std::uint64_t stored_again = 0;
    std::uint64_t stored_as_both = 0;
    Duration lasted{};
    std::map<std::string, std::uint64_t> faults;
    std::map<std::string, std::uint64_t> reasons;

    void add(const Report& report) {
        ++seeds;
        events += report.events;
        steps += report.steps;
        stored_again += report.stored_again;
        stored_as_both += report.stored_as_both;
        lasted += report.lasted;
        for (const auto& [kind, count] : report.faults) faults[kind] += count;
        for (const auto& [reason, count] : report.reasons) reasons[reason] += count;
    }

    void print() const {
        const auto hours = std::chrono::duration<double, std::ratio<3600>>(lasted).count();
        std::printf("%llu schedules, %llu events, %llu steps, %.1f virtual hours\n", wide(seeds), wide(events),
                    wide(steps), hours);
        std::printf("stored again beyond the duplicate window: %llu, as the other kind: %llu\n", wide(stored_again),
                    wide(stored_as_both));
        print("faults", faults);
        print("dead letters", reasons);
    }

  private:
    static unsigned long long wide(std::uint64_t number) { return number; }
    static void print(const char* what, const std::map<std::string, std::uint64_t>& counts) {
        std::printf("%s:", what);
        for (const auto& [name, count] : counts) std::printf(" [%s] %llu", name.c_str(), wide(count));
        std::printf("\n");
    }
};

std::optional<Options> parse(int count, char** words) {
    Options options;
    for (int n = 1; n < count; ++n) {
        const std::string_view word = words[n];
        const auto number = [&](std::uint64_t& value) {
            if (++n >= count) return false;
            const auto* end = words[n] + std::strlen(words[n]);
            return std::from_chars(words[n], end, value).ptr == end;
        };
        bool good = true;
        if (word == "--seed") {
            good = number(options.from);
        } else if (word == "--seeds") {
            good = number(options.seeds);
        } else if (word == "--from") {
            good = number(options.from);
        } else if (word == "--trace") {
            options.trace = true;
        } else if (word == "--twice") {
            options.twice = true;
        } else if (word == "--expect" && n + 1 < count) {
            options.expect = words[++n];
        } else {
            good = false;
        }
        if (!good) return std::nullopt;
    }
    return options;
}

Report run(std::uint64_t seed, bool trace) {
    World world(Plan::of(seed), trace);
    return world.run();
}

void tell(std::uint64_t seed, const Report& report) {
    std::printf("%s\n", Plan::of(seed).text().c_str());
    for (const auto& line : report.last) std::printf("    %s\n", line.c_str());
    std::printf("seed %llu breaks %s: %s\nreplay: sim --seed %llu --trace\n", static_cast<unsigned long long>(seed),
                report.violation->invariant.c_str(), report.violation->text.c_str(),
                static_cast<unsigned long long>(seed));
}

bool is_listed(std::string_view list, std::string_view name) {
    return ("," + std::string(list) + ",").find("," + std::string(name) + ",") != std::string::npos;
}

int run_all(const Options& options) {
    Totals totals;
    for (auto seed = options.from; seed < options.from + options.seeds; ++seed) {
        auto report = run(seed, options.trace);
        if (options.twice && run(seed, false).hash != report.hash && !report.violation) {
            report.violation = Violation{"repeatable", "two runs of one seed have different traces"};
        }
        if (!report.violation) {
            totals.add(report);
            continue;
        }
        tell(seed, report);
        return is_listed(options.expect, report.violation->invariant) ? 0 : 1;
    }
    totals.print();
    if (options.expect.empty()) return 0;
    std::printf("no seed breaks %s\n", options.expect.c_str());
    return 1;
}

}  // namespace
}  // namespace millrace::sim

int main(int count, char** words) {
    const auto options = millrace::sim::parse(count, words);
    if (options) return millrace::sim::run_all(*options);
    std::fprintf(stderr,
                 "usage: sim [--seed N | --seeds N [--from K]] [--trace] [--twice] [--expect PROMISE[,PROMISE]]\n");
    return 2;
}
