// Admin: the port for operators and probes. Read-only: GET and HEAD of
//
//     /metrics            Prometheus text
//     /livez              200 while every shard has turned within 10 s; depends on nothing outside
//     /readyz[?verbose]   200 while every shard can work now; verbose lists the checks and the remedies
//     /startupz           200 once every shard has turned, and while secrets are awaited
//
// Thread: one of its own, which calls the sources; they are to be thread-safe and not to block. The
// destructor ends it.
// Bound: 32 connections, 10 s without a byte, 16 KiB of memory each.
// Not here: no TLS, no authentication; it listens where admin.listen says, on loopback by default.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/time.h"
#include "bridge/io/metrics.h"

namespace millrace::io {

class Admin {
  public:
    struct Sources {
        std::function<std::string()> metrics;
        std::function<std::vector<ShardStatus>()> shards;
        std::function<Time()> now;  // the clock of Snapshot::at
        // Why there are no shards yet; empty: there is no reason.
        std::function<std::string()> awaited = [] { return std::string(); };
    };

    // `listen` is address:port with a numeric address, [v6]:port, or localhost:port; port 0 takes a free one.
    static Result<std::unique_ptr<Admin>> start(const std::string& listen, Sources sources);
    ~Admin();
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    [[nodiscard]] int port() const;

  private:
    struct State;
    explicit Admin(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace millrace::io
