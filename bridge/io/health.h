// Health: what the admin port answers about the shards, as pure functions of their last snapshots.
//
// Alive depends on nothing outside the process: every shard has turned lately. Ready means able to work now: alive,
// connected, every partition bound, nothing held, halted or draining; a failing check comes with its remedy. Started:
// every shard has turned once.
#pragma once

#include <span>
#include <string>

#include "bridge/base/time.h"
#include "bridge/io/metrics.h"

namespace millrace::io {

// A shard turns at least every second; one that has not for this long hangs.
inline constexpr Duration kTurnLimit = std::chrono::seconds(10);

struct Health {
    bool ok = false;
    // One check a line: "[+] fares/0 connected", "[-] fares/0 bound: …". An address that is not asked has one that
    // decides nothing: "[!] fares/0 addresses[1] https://… out: …".
    std::string text;
};

// `started` is when the process began to serve: a shard without a snapshot counts as having turned then.
Health alive(std::span<const ShardStatus> shards, Time started, Time now);
// `awaited` is why there are no shards yet, where there is such a reason; it is outside, so restarting is no help.
Health ready(std::span<const ShardStatus> shards, Time now, const std::string& awaited = {});
Health started(std::span<const ShardStatus> shards, const std::string& awaited = {});

}  // namespace millrace::io
