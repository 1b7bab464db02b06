// OwnedShard: joins an engine of owned partitions to the fakes, as Shard does, with a decoder and a rendering of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bridge/engine/engine.h"
#include "bridge/ports/observer.h"
#include "bridge/settings/settings.h"
#include "subjects/subject_template.h"
#include "tests/sim/fake_jetstream.h"

namespace millrace::sim {

class OwnedRendering final : public engine::Rendering {
  public:
    explicit OwnedRendering(const settings::Pipeline& pipeline) : pipeline_(pipeline) {}
    state::OutboxEntry aggregate(Partition partition, const windows::Closed& closed) const override;
    state::OutboxEntry dead_letter(const Delivery& delivery, const Event& event) const override;
    state::OutboxEntry late(const Delivery& delivery, const Event& event, millrace::Fate fate) const override;

  private:
    [[nodiscard]] state::OutboxEntry copy(Output output, const std::string& subject, const Delivery& delivery,
                                          const Event& event) const;
    const settings::Pipeline& pipeline_;
};

class OwnedShard {
  public:
    OwnedShard(const settings::Pipeline& pipeline, ports::JetStream& jetstream, SimJetStream::Arrivals& arrivals,
               ports::Observer& observer, std::uint64_t seed);

    void turn(Time now);
    [[nodiscard]] Duration until_due(Time now) const;
    void drain(Time deadline) { drain_ = engine::Drain{deadline}; }
    [[nodiscard]] bool drained() const { return !drain_ && engine_.drained(); }
    [[nodiscard]] Snapshot snapshot(Time now) const { return engine_.snapshot(now); }

  private:
    void step(engine::Input&& in, Time now);
    void arrived(ports::Message&& message, Time now);
    void arrived(Note&& note, Time) { observer_.note(note); }
    template <typename Other>
    void arrived(Other&& other, Time now) {
        step(std::forward<Other>(other), now);
    }
    void decode(Delivery& delivery) const;

    void carry_out(const Look& e) { jetstream_.look(e); }
    void carry_out(const Position& e);
    void carry_out(const PullRequest& e) { jetstream_.pull(e); }
    void carry_out(const Find& e) { jetstream_.find(e); }
    void carry_out(const Read& e) { jetstream_.read(e); }
    void carry_out(const Purge& e) { jetstream_.purge(e); }
    void carry_out(const Note& e) { observer_.note(e); }
    void carry_out(const engine::AckUpTo& e) { jetstream_.ack(e.ack_subject); }
    void carry_out(const engine::Write& e);
    template <typename Other>
    void carry_out(const Other&) {}

    const settings::Pipeline& pipeline_;
    ports::JetStream& jetstream_;
    SimJetStream::Arrivals& arrivals_;
    ports::Observer& observer_;
    OwnedRendering rendering_;
    engine::Engine engine_;
    subjects::SubjectTemplate input_;
    std::map<Partition, std::string> consumers_;
    std::optional<engine::Drain> drain_;
    engine::Effects effects_;
    std::vector<ports::JetStreamArrival> mail_;
};

}  // namespace millrace::sim
