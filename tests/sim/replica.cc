#include "tests/sim/replica.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/protocols/registry.h"
#include "bridge/settings/addresses.h"
#include "subjects/ack_subject.h"

namespace millrace::sim {
namespace {

using std::chrono::seconds;

constexpr Duration kDrainSlack = seconds(2);

std::vector<Partition> all_partitions(const Plan& plan) {
    std::vector<Partition> all(plan.pipeline.partitions);
    std::iota(all.begin(), all.end(), Partition{0});
    return all;
}

Partition partition_of(std::string_view consumer) { return static_cast<Partition>(consumer.back() - '0'); }

}  // namespace

// Passes a replica's notes and settlements on to the trace.
struct Replica::Watcher final : ports::Observer {
    explicit Watcher(Replica& of) : replica(of) {}

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

    Replica& replica;
};

Replica::Replica(Parts parts)
    : parts_(std::move(parts)),
      turns_(parts_.scheduler, [this] { turn(); }),
      arrivals_([this] { turns_.wake(); }),
      credentials_(Credentials::none(parts_.plan.pipeline)),
      spotter_(parts_.plan, parts_.scheduler, parts_.marks) {
    Random random(parts_.seed, "replica " + parts_.name);
    memory_.name = parts_.name;
    clock_offset_ = random.between(seconds(1), std::chrono::hours(1000));
    wall_offset_ = random.between(Duration(seconds(0)), seconds(10)) - seconds(5);
    jetstream_ = std::make_unique<SimJetStream>(
        SimJetStream::Parts{parts_.plan.pipeline, parts_.scheduler, parts_.server, arrivals_, gate_, parts_.link,
                            parts_.trace, parts_.seed, parts_.name, parts_.chooser});
    endpoint_ = std::make_unique<SimEndpoint>(parts_.scheduler, parts_.model, parts_.busy, gate_, parts_.trace,
                                              parts_.name, parts_.elsewhere);
    endpoint_->set_candidate(parts_.candidate);
    watch();
    protocol_ = protocols::make(parts_.plan.pipeline);
    watcher_ = std::make_unique<Watcher>(*this);
    const bool reads = parts_.plan.model.contract != Contract::unpublished;
    shard_ = std::make_unique<Shard>(
        Shard::Parts{parts_.plan.pipeline, all_partitions(parts_.plan), *jetstream_, arrivals_, *endpoint_, *protocol_,
                     credentials_, *watcher_, random.next(), reads ? "http://model/swagger.json" : "", &shadow_key_});
    parts_.trace.line(parts_.name, "starts");
    turns_.start();
}

void Replica::watch() {
    jetstream_->watch({.publishing =
                           [this](const auto& publication) {
                               parts_.oracle.publishing(memory_, publication);
                               spotter_.publishing(publication);
                           },
                       .progressed =
                           [this](const std::string& subject) {
                               const auto ack = subjects::parse_ack_subject(subject);
                               if (ack)
                                   parts_.oracle.progressed(memory_, partition_of(ack->consumer), ack->stream_sequence);
                               spotter_.progressed();
                           },
                       .arrived =
                           [this](const Delivered& delivered, std::string_view consumer) {
                               received_.push_back(
                                   {partition_of(consumer), delivered.stream_sequence, delivered.stream_created});
                           },
                       .acking = [this](const std::string& subject) { spotter_.acking(subject); },
                       .naking = [this](const std::string&) { spotter_.naking(); },
                       .finding = [this](const Find& find) { spotter_.finding(find); },
                       .told = [this](const ports::JetStreamArrival& arrival) { spotter_.told(arrival); }});
    endpoint_->watch({.sent =
                          [this](const auto& request, const auto& events) {
                              parts_.oracle.requested(memory_, request, events, endpoint_->in_flight() + 1);
                              spotter_.requested(events, endpoint_->in_flight() + 1);
                          },
                      .answered =
                          [this](const Exchange& exchange) {
                              parts_.oracle.answered(memory_, exchange);
                              spotter_.answered(exchange);
                          },
                      .copied = [this](const auto& request, const auto& events,
                                       std::size_t copies) { parts_.oracle.copied(memory_, request, events, copies); },
                      .woken = [this] { turns_.wake(); }});
}

Replica::~Replica() = default;

void Replica::take_in() {
    for (const auto& place : std::exchange(received_, {})) parts_.oracle.arrived(memory_, place);
}

void Replica::turn() {
    const auto now = parts_.scheduler.now();
    take_in();
    shard_->wait(clock(), Duration::zero());
    shard_->turn(clock(), parts_.scheduler.server_now() + wall_offset_);
    if (gate_.dead()) {
        spotter_.crashed(jetstream_->unsent());
        return end("crashes");
    }
    memory_.connected = jetstream_->told_connected();
    parts_.oracle.turned(memory_, shard_->snapshot(clock()));
    if (shard_->drained()) {
        spotter_.drained();
        return end("drained");
    }
    if (drain_deadline_ && now > *drain_deadline_ + kDrainSlack) {
        parts_.oracle.violate("recovers", parts_.name + " did not drain by its deadline");
    }
    if (turns_.spins()) {
        parts_.oracle.violate("bounded", parts_.name + " turns without end and gets nowhere");
    }
    turns_.at(now + std::min(shard_->until_due(clock()), parts_.plan.idle_turn));
}

void Replica::freeze(Duration duration) {
    const auto until = std::max(turns_.frozen_until(), parts_.scheduler.now() + duration);
    jetstream_->freeze(until);
    turns_.freeze(until);
    parts_.trace.fault("frozen",
                       parts_.name + " for " + std::to_string(duration / std::chrono::milliseconds(1)) + " ms");
}

void Replica::drain(Duration within) {
    if (drain_deadline_) return;
    parts_.trace.fault("drain", parts_.name);
    drain_deadline_ = std::max(parts_.scheduler.now(), turns_.frozen_until()) + within;
    shard_->drain(*drain_deadline_ + clock_offset_);
    turns_.wake();
}

void Replica::end(std::string_view how) {
    if (!alive()) return;
    parts_.trace.line(parts_.name, how);
    stop();
    parts_.ended();
}

void Replica::stop() {
    if (!alive()) return;
    gate_.kill();
    jetstream_->die();
    endpoint_->die();
    turns_.stop();
    shard_.reset();
}

}  // namespace millrace::sim
