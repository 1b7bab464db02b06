// OwnedRendering: what an owned partition publishes, made by codec/, for the engine to commit.
//
// Thread: the shard's. Not here: no publication that cannot be made is left out. One that is too large for its stream
// although nothing is left to shed goes out as a word about itself, and the stream's answer to it is what people see.
#pragma once

#include <algorithm>
#include <cstddef>

#include "bridge/codec/render.h"
#include "bridge/codec/score_reader.h"
#include "bridge/engine/rendering.h"
#include "bridge/settings/settings.h"

namespace millrace {

class OwnedRendering final : public engine::Rendering {
  public:
    // All outlive it.
    OwnedRendering(const settings::Pipeline& pipeline, const codec::Renderer& renderer, codec::ScoreReader& scores)
        : pipeline_(pipeline), renderer_(renderer), scores_(scores) {}

    // What the output streams take, in bytes. Anything can be shed to fit the least of it.
    void set_limit(std::size_t max_bytes) { max_bytes_ = std::max(max_bytes, kLeast); }

    [[nodiscard]] state::OutboxEntry aggregate(Partition partition, const windows::Closed& closed) const override;
    [[nodiscard]] state::OutboxEntry summary(Partition partition, const windows::Closed& closed) const override;
    [[nodiscard]] state::OutboxEntry dead_letter(const Delivery& delivery, const Event& event) const override;
    [[nodiscard]] state::OutboxEntry bypassed(const Delivery& delivery, const Event& event) const override;
    [[nodiscard]] state::OutboxEntry late(const Delivery& delivery, const Event& event, Fate fate) const override;
    [[nodiscard]] std::string result_subject(Partition partition, const std::string& tenant) const override {
        return renderer_.result_subject(partition, tenant);
    }
    [[nodiscard]] std::optional<StoredRun> results_in(Partition partition,
                                                      const StreamMessage& message) const override {
        return codec::results_in(pipeline_, partition, message);
    }
    bool read_back(const StreamMessage& message, const Delivery& delivery, Event& event) const override {
        return scores_.read_back(message, {delivery.stream_sequence, event.element}, event);
    }
    void add_score_values(Event& event) const override { scores_.add_values(event); }

  private:
    static constexpr std::size_t kLeast = 16 << 10;

    const settings::Pipeline& pipeline_;
    const codec::Renderer& renderer_;
    codec::ScoreReader& scores_;
    std::size_t max_bytes_ = 1 << 20;
};

}  // namespace millrace
