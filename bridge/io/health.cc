#include "bridge/io/health.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>

namespace millrace::io {
namespace {

// Collects checks; one that fails makes the whole fail.
class Report {
  public:
    explicit Report(std::size_t shards, const std::string& why_none = "no pipeline is running") {
        check(shards > 0, "", "shards", why_none);
    }

    void check(bool ok, const std::string& shard, const std::string& name, const std::string& otherwise) {
        health_.ok = health_.ok && ok;
        health_.text += (ok ? "[+] " : "[-] ") + shard + name + (ok ? "" : ": " + otherwise) + "\n";
    }
    // Worth knowing, and no reason not to be ready.
    void remark(const std::string& shard, const std::string& text) { health_.text += "[!] " + shard + text + "\n"; }
    Health done() && { return std::move(health_); }

  private:
    Health health_{.ok = true, .text = {}};
};

std::string label(const ShardStatus& shard) { return shard.pipeline + "/" + std::to_string(shard.shard) + " "; }

std::string printable(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    return text;
}

void check_turning(Report& report, const std::string& shard, Duration since) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    report.check(since <= kTurnLimit, shard, "turning",
                 "the last turn was " + std::to_string(whole) + " s ago, the limit is 10 s; restart the process");
}

void check_work(Report& report, const std::string& shard, const Snapshot& s) {
    report.check(s.connected, shard, "connected",
                 "no connection to NATS; it is tried for ever, see nats.urls and the log");
    report.check(s.bound == s.partitions, shard, "bound",
                 std::to_string(s.bound) + " of " + std::to_string(s.partitions) +
                     " partitions have their consumer and streams; `millrace check` says what is missing");
    report.check(s.hold.empty(), shard, "not held",
                 printable(s.hold) + "; pulling resumes by itself once this is put right");
    report.check(s.halt.empty(), shard, "not halted", printable(s.halt) + "; " + printable(s.halt_remedy));
    report.check(!s.draining, shard, "not draining", "finishing what is in hand before leaving");
}

// Addresses that are not asked, or only tried: others may well do their work.
void tell_addresses(Report& report, const std::string& shard, const ShardStatus& status) {
    constexpr std::string_view kMeans[] = {"", "failed several times and is left alone for a while",
                                           "one request at a time shows whether it works again",
                                           "probed now and then, see the log"};
    static_assert(std::size(kMeans) == kAddressStateNames.size());
    for (const AddressSnapshot& one : status.snapshot->addresses) {
        if (one.state == AddressState::closed || one.address >= status.addresses.size()) continue;
        const auto& [name, url] = status.addresses[one.address];
        const auto state = static_cast<std::size_t>(one.state);
        const std::string why = one.why.empty() ? "" : printable(one.why) + "; ";
        report.remark(shard, name + " " + url + " " + std::string(kAddressStateNames[state]) + ": " + why +
                                 std::string(kMeans[state]));
    }
}

}  // namespace

Health alive(std::span<const ShardStatus> shards, Time started, Time now) {
    Report report(1);  // a process without shards is not stuck
    for (const auto& shard : shards) {
        check_turning(report, label(shard), now - (shard.snapshot ? shard.snapshot->at : started));
    }
    return std::move(report).done();
}

Health ready(std::span<const ShardStatus> shards, Time now, const std::string& awaited) {
    Report report = awaited.empty() ? Report(shards.size()) : Report(shards.size(), printable(awaited));
    for (const auto& shard : shards) {
        report.check(shard.snapshot.has_value(), label(shard), "started", "the shard has not turned yet");
        if (!shard.snapshot) continue;
        check_turning(report, label(shard), now - shard.snapshot->at);
        check_work(report, label(shard), *shard.snapshot);
        tell_addresses(report, label(shard), shard);
    }
    return std::move(report).done();
}

Health started(std::span<const ShardStatus> shards, const std::string& awaited) {
    Report report(awaited.empty() ? shards.size() : 1);
    if (!awaited.empty()) report.remark("", printable(awaited));
    for (const auto& shard : shards) {
        report.check(shard.snapshot.has_value(), label(shard), "started", "the shard has not turned yet");
    }
    return std::move(report).done();
}

}  // namespace millrace::io
