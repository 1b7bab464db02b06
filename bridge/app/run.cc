#include "bridge/app/run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bridge/app/ask.h"
#include "bridge/app/clocks.h"
#include "bridge/app/vaults.h"
#include "bridge/app/worker.h"
#include "bridge/base/log.h"
#include "bridge/io/admin.h"
#include "bridge/io/metrics.h"
#include "bridge/io/nats_options.h"

namespace millrace::app {

namespace {

constexpr Duration kSignalEvery = std::chrono::milliseconds(200);

// Blocked in every thread, taken by the main one with sigwait. SIGPIPE is ignored: a peer that closes is an error code.
sigset_t take_over_signals() {
    signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

// Partition p runs on shard p mod S.
std::vector<Partition> partitions_of(const settings::Pipeline& pipeline, std::uint32_t shard, std::uint32_t shards) {
    std::vector<Partition> partitions;
    for (Partition p = shard; p < pipeline.partitions; p += shards) partitions.push_back(p);
    return partitions;
}

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

// Without a key where there is no shadow.
auth::KeyFile load_shadow_key(const settings::Pipeline& pipeline, std::vector<std::string>& problems) {
    auto key = auth::KeyFile::load(pipeline.endpoint.shadow.address.key_file);
    if (key) return std::move(*key);
    problems.push_back("pipeline " + pipeline.name + ": endpoint.shadow.key_file: " + key.error().text);
    return {};
}

class Workers {
  public:
    // Every reason that keeps a part from starting, not only the first.
    std::vector<std::string> build(const settings::Settings& settings, io::Metrics& metrics) {
        std::vector<std::string> problems;
        for (const settings::Pipeline& pipeline : settings.pipelines) {
            const std::uint32_t shards = std::min(settings.shards, pipeline.partitions);
            for (std::uint32_t shard = 0; shard < shards; ++shard) {
                std::vector<std::string> missing;
                auto credentials =
                    Credentials::make(pipeline, settings.identities, environment, random_seed(), missing);
                for (const std::string& what : missing) problems.push_back("pipeline " + pipeline.name + ": " + what);
                auto shadow_key = load_shadow_key(pipeline, problems);
                if (!problems.empty()) break;
                workers_.push_back(std::make_unique<Worker>(
                    settings, pipeline, partitions_of(pipeline, shard, shards), std::move(credentials),
                    std::move(shadow_key), metrics.add_shard(pipeline.name, io::asked_by(pipeline)), random_seed()));
            }
        }
        return problems;
    }

    void start() {
        for (auto& worker : workers_) worker->start();
    }
    void drain() {
        for (auto& worker : workers_) worker->drain();
    }
    void join() {
        for (auto& worker : workers_) worker->join();
    }

  private:
    std::vector<std::unique_ptr<Worker>> workers_;
};

int refuse(const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) std::fprintf(stderr, "millrace: %s\n", problem.c_str());
    return 2;
}

// Leaves at once on a further signal, whatever the shards are doing.
void leave_on_second(const sigset_t& signals) {
    std::thread([signals] {
        int second = 0;
        sigwait(&signals, &second);
        _exit(128 + second);
    }).detach();
}

// Without the secrets in vaults nothing can begin. False: a signal came first.
bool await_secrets(Vaults& vaults, const sigset_t& signals) {
    constexpr timespec kLook{};
    while (!vaults.awaited().empty()) {
        if (sigtimedwait(&signals, nullptr, &kLook) > 0) return false;
        vaults.turn(kSignalEvery);
    }
    return true;
}

}  // namespace

int run(const settings::Settings& settings) {
    const sigset_t signals = take_over_signals();
    if (io::knows_authorities()) io::spare_authorities(settings.nats);
    io::Metrics metrics({.tenant_labels = settings.admin.tenant_labels,
                         .max_series = settings.admin.max_series,
                         .on_note = [](std::string_view pipeline, const Note& note) {
                             log(note.level, note.event, note.text, pipeline);
                         }});
    for (const auto& [field, reference] : settings.vault_secrets) metrics.add_vault_secret(reference);
    Vaults vaults(settings, settings.vault_secrets,
                  {[](const Note& note) { log(note.level, note.event, note.text); },
                   [&](const std::string& secret, bool read) { metrics.looked_at_vault(secret, read, wall_now()); }});
    std::vector<std::string> problems;
    std::unique_ptr<io::Admin> admin;
    if (!settings.admin.listen.empty()) {
        auto started =
            io::Admin::start(settings.admin.listen, {[&] { return metrics.text(); }, [&] { return metrics.shards(); },
                                                     boot_now, [&] { return vaults.awaited(); }});
        if (started) {
            admin = std::move(*started);
        } else {
            problems.push_back(started.error().text);
        }
    }
    if (problems.empty() && !await_secrets(vaults, signals)) return 0;
    Workers workers;
    std::ranges::move(workers.build(settings, metrics), std::back_inserter(problems));
    if (!problems.empty()) return refuse(problems);

    vaults.start();
    workers.start();
    int first = 0;
    sigwait(&signals, &first);
    leave_on_second(signals);
    workers.drain();
    workers.join();
    log(Level::info, "stopped", "every pipeline has ended");
    return 0;
}

}  // namespace millrace::app
