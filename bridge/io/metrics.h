// Metrics: what the shards tell, as Prometheus series and as the last snapshot of each shard.
//
// One per process, one Observer per shard. Series that need no tenant exist from the start, at zero; handles are
// cached, so an event costs no label look-up beyond its tenant's.
//
// Thread: every member from any thread. An observer is meant for its shard's thread and takes only a lock of its own;
// the scrape takes it for the time of a copy.
// Bound: at most `max_series` series plus those that exist from the start. A tenant that would exceed it is counted
// under tenant="other".
// Not here: no port (admin.h), no log; notes go to the function given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/note.h"
#include "bridge/base/snapshot.h"
#include "bridge/ports/observer.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

// What a pipeline asks, for labels: bounded by the configuration.
struct AddressName {
    std::string name;  // where it stands: `addresses[1]`
    std::string url;   // without a query, which may hold what is nobody's business
};
struct Asked {
    std::vector<AddressName> addresses;  // as settings::routes counts them
    bool has_shadow = false;
};
Asked asked_by(const settings::Pipeline& pipeline);

struct ShardStatus {
    std::string pipeline;
    std::uint32_t shard = 0;           // counted per pipeline
    std::optional<Snapshot> snapshot;  // nothing before the first one
    std::vector<AddressName> addresses = {};
};

class Metrics {
  public:
    struct Options {
        // With tenant labels a tenant costs two series, and one for each reason of a dead letter.
        bool tenant_labels = true;
        std::uint64_t max_series = 10000;
        std::function<void(std::string_view pipeline, const Note&)> on_note = [](std::string_view, const Note&) {};
    };

    explicit Metrics(Options options);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    // The observer of a further shard of `pipeline`; lives as long as the Metrics.
    // All shards of a pipeline ask the same.
    ports::Observer& add_shard(const std::string& pipeline, const Asked& asked = {});

    // A secret of the configuration that is in a vault, and how a look at it ended.
    void add_vault_secret(const std::string& reference);
    void looked_at_vault(const std::string& reference, bool read, ServerTime at);

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::vector<ShardStatus> shards() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::io
