// One puller with its clock, and what it asked for at the last pump.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bridge/engine/puller.h"

namespace millrace::engine {

inline constexpr std::uint32_t kChunk = 100;
inline constexpr std::uint64_t kMaxInput = 1000;

struct Well {
    explicit Well(const std::vector<Partition>& partitions = {0}) : puller(partitions, kChunk, 7) {}

    void pump(std::size_t messages = 1000, bool allowed = true, std::size_t bytes = 1 << 20) {
        Effects out;
        binds.clear();
        pulls.clear();
        puller.pump({messages, bytes}, kMaxInput, allowed, now, std::chrono::minutes(1), out);
        for (const Effect& effect : out) {
            if (const auto* bind = std::get_if<Bind>(&effect)) binds.push_back(bind->partition);
            if (const auto* pull = std::get_if<PullRequest>(&effect)) pulls.push_back(*pull);
        }
    }
    void bind(Partition partition = 0) {
        pump();
        puller.bound(partition, now);
    }
    std::size_t asked() const {
        std::size_t messages = 0;
        for (const PullRequest& pull : pulls) messages += pull.batch;
        return messages;
    }
    void status(const PullRequest& of, int code, const std::string& description = {}) {
        puller.status({of.partition, of.slot, of.number, code, description}, now);
    }
    void pass(Duration by) { now += by; }
    // While `pull` is heard of, the others are not.
    void pass_with_heartbeats(const PullRequest& pull, Duration by) {
        for (const Time end = now + by; now < end;) {
            pass(kPullHeartbeat);
            status(pull, 100);
        }
    }

    Puller puller;
    std::vector<Partition> binds;
    std::vector<PullRequest> pulls;
    Time now{std::chrono::hours(1)};
};

}  // namespace millrace::engine
