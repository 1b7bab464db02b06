#include "tests/sim/totals.h"

#include <cstdio>

namespace millrace::sim {
namespace {

unsigned long long wide(std::uint64_t number) { return number; }

void print_counts(const char* what, const std::map<std::string, std::uint64_t>& counts) {
    std::printf("%s:", what);
    for (const auto& [name, count] : counts) std::printf(" [%s] %llu", name.c_str(), wide(count));
    std::printf("\n");
}

}  // namespace

void Totals::add(std::uint64_t seed, const Report& report) {
    ++schedules_;
    events_ += report.events;
    steps_ += report.steps;
    stored_again_ += report.stored_again;
    stored_as_both_ += report.stored_as_both;
    lasted_ += report.lasted;
    marks_.add(report.marks);
    hash_ = (hash_ ^ report.hash) * 0x100000001B3ull;
    for (const auto& [kind, count] : report.faults) faults_[kind] += count;
    for (const auto& [reason, count] : report.reasons) reasons_[reason] += count;
    for (const auto& [what, count] : report.seen) seen_[what] += count;
    if (report.violation) broken_[report.violation->invariant].push_back(seed);
}

void Totals::print() const {
    const auto hours = std::chrono::duration<double, std::ratio<3600>>(lasted_).count();
    std::printf("%llu schedules, %llu events, %llu steps, %.1f virtual hours\n", wide(schedules_), wide(events_),
                wide(steps_), hours);
    std::printf("stored again beyond the duplicate window: %llu, as the other kind: %llu\n", wide(stored_again_),
                wide(stored_as_both_));
    print_counts("faults", faults_);
    if (seen_.empty()) {
        print_counts("dead letters", reasons_);
    } else {
        print_counts("owned partitions", seen_);
    }
    print_counts("marks", marks());
    for (const auto& [promise, seeds] : broken_) {
        std::printf("broken %s, %zu seeds:", promise.c_str(), seeds.size());
        for (const auto seed : seeds) std::printf(" %llu", wide(seed));
        std::printf("\n");
    }
}

}  // namespace millrace::sim
