#include "tests/sim/owned_replica.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "bridge/protocols/registry.h"
#include "bridge/settings/addresses.h"

namespace millrace::sim {
namespace {

using std::chrono::seconds;

constexpr Duration kDrainSlack = seconds(2);

}  // namespace

// Passes a replica's notes on to the trace.
struct OwnedReplica::Watcher final : ports::Observer {
    explicit Watcher(OwnedReplica& of) : replica(of) {}

    void received(std::size_t, std::size_t, bool) override {}
    void settled(std::string_view, Ending, std::optional<Reason>, bool, Duration) override {}
    void applied(const Fates&) override {}
    void acked() override {}
    void requested(std::size_t) override {}
    void answered(std::size_t, Outcome, int, Duration) override {}
    void shadowed(ShadowCount, std::size_t) override {}
    void note(const Note& note) override {
        if (replica.gate_.dead()) return;
        replica.parts_.trace.line(replica.parts_.name, note.event + ": " + note.text);
        replica.spotter_.noted(note);
    }
    void publish(const Snapshot&) override {}

    OwnedReplica& replica;
};

OwnedReplica::OwnedReplica(Parts parts)
    : parts_(std::move(parts)),
      turns_(parts_.scheduler, [this] { turn(); }),
      arrivals_([this] { turns_.wake(); }),
      credentials_(Credentials::none(parts_.plan.pipeline)),
      spotter_(parts_.plan.pipeline, parts_.marks) {
    Random random(parts_.seed, "replica " + parts_.name);
    clock_offset_ = random.between(seconds(1), std::chrono::hours(1000));
    jetstream_ = std::make_unique<SimJetStream>(
        SimJetStream::Parts{parts_.plan.pipeline, parts_.scheduler, parts_.server, arrivals_, gate_, parts_.link,
                            parts_.trace, parts_.seed, parts_.name, parts_.chooser});
    watch();
    watcher_ = std::make_unique<Watcher>(*this);
    endpoint_ =
        std::make_unique<SimEndpoint>(parts_.scheduler, parts_.model, parts_.busy, gate_, parts_.trace, parts_.name);
    endpoint_->watch({.sent =
                          [this](const auto&, const std::vector<EventToken>& events) {
                              const auto& p = parts_.plan.pipeline;
                              const auto most = p.partitions * p.endpoint.parallel_requests_per_partition;
                              if (!parts_.plan.is_scored() || endpoint_->in_flight() >= most)
                                  parts_.oracle.violate("in_flight", parts_.name + " has more than it may");
                              if (std::ranges::find(events, Kind::kills, &EventToken::kind) != events.end())
                                  gate_.kill();
                          },
                      .answered = [](const auto&) {},
                      .woken = [this] { turns_.wake(); }});
    protocol_ = protocols::make(parts_.plan.pipeline);
    std::vector<Partition> partitions(parts_.plan.pipeline.partitions);
    std::iota(partitions.begin(), partitions.end(), Partition{0});
    shard_ = std::make_unique<Shard>(Shard::Parts{parts_.plan.pipeline, std::move(partitions), *jetstream_, arrivals_,
                                                  *endpoint_, *protocol_, credentials_, *watcher_, random.next()});
    parts_.trace.line(parts_.name, "starts");
    turns_.start();
}

void OwnedReplica::watch() {
    jetstream_->watch({.publishing = [this](const auto& publication) { spotter_.publishing(publication); },
                       .publishing_together = [this](const auto& all) { spotter_.publishing_together(all); },
                       .positioning = [this](const Position& position) { spotter_.positioning(position); },
                       .reading = [this](const Read& read) { spotter_.reading(read); },
                       .told = [this](const ports::JetStreamArrival& arrival) { spotter_.told(arrival); }});
}

OwnedReplica::~OwnedReplica() = default;

void OwnedReplica::turn() {
    const auto now = parts_.scheduler.now();
    shard_->wait(clock(), Duration::zero());
    shard_->turn(clock(), parts_.scheduler.server_now());
    if (gate_.dead()) return end("crashes");
    const auto snapshot = shard_->snapshot(clock());
    parts_.oracle.turned(parts_.name, jetstream_->told_connected(), snapshot);
    spotter_.halted(snapshot.halt);
    if (shard_->drained()) return end("drained");
    if (drain_deadline_ && now > *drain_deadline_ + kDrainSlack)
        parts_.oracle.violate("recovers", parts_.name + " did not drain by its deadline");
    if (turns_.spins()) {
        parts_.oracle.violate("bounded", parts_.name + " turns without end and gets nowhere");
    }
    turns_.at(now + std::min(shard_->until_due(clock()), parts_.plan.idle_turn));
}

void OwnedReplica::freeze(Duration duration) {
    const auto until = std::max(turns_.frozen_until(), parts_.scheduler.now() + duration);
    jetstream_->freeze(until);
    turns_.freeze(until);
    spotter_.frozen(duration);
    parts_.trace.fault("frozen",
                       parts_.name + " for " + std::to_string(duration / std::chrono::milliseconds(1)) + " ms");
}

void OwnedReplica::drain(Duration within) {
    if (drain_deadline_) return;
    parts_.trace.fault("drain", parts_.name);
    drain_deadline_ = std::max(parts_.scheduler.now(), turns_.frozen_until()) + within;
    shard_->drain(*drain_deadline_ + clock_offset_);
    turns_.wake();
}

void OwnedReplica::end(std::string_view how) {
    if (!alive()) return;
    parts_.trace.line(parts_.name, how);
    stop();
    parts_.ended();
}

void OwnedReplica::stop() {
    if (!alive()) return;
    gate_.kill();
    jetstream_->die();
    endpoint_->die();
    turns_.stop();
    shard_.reset();
}

}  // namespace millrace::sim
