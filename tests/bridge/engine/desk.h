// A desk around one Commit and its Ledger: deliveries come in scored, publications go out, and a clock is moved by
// hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/engine/commit.h"

namespace millrace::engine {

struct Desk {
    static constexpr Duration kWindow = std::chrono::minutes(2);
    static constexpr Duration kAckWait = std::chrono::seconds(30);

    Desk() {
        Bound bound;
        bound.ack_wait = kAckWait;
        bound.duplicate_window = kWindow;
        bound.server_now = ServerTime(std::chrono::hours(24));
        bound.output_last_sequence = {100, 200, 300, 400};
        commit.limits(bound, now);
    }

    static Identity identity(std::uint64_t sequence, std::uint32_t element) {
        Identity id;
        id.bytes[0] = static_cast<std::uint8_t>(sequence);
        id.bytes[1] = static_cast<std::uint8_t>(sequence >> 8);
        id.bytes[2] = static_cast<std::uint8_t>(element);
        return id;
    }

    DeliveryId deliver(std::uint64_t sequence, std::uint32_t events = 1, std::uint64_t delivered = 1) {
        auto delivery = std::make_unique<Delivery>();
        delivery->stream_sequence = sequence;
        delivery->delivered = delivered;
        delivery->tenant = "acme";
        delivery->stored_at = ServerTime(std::chrono::hours(24)) + (now - kStart);
        delivery->events.resize(events);
        for (std::uint32_t i = 0; i < events; ++i) {
            delivery->events[i].element = i;
            delivery->events[i].id = identity(sequence, i);
            delivery->events[i].settlement.score = "1";
        }
        return ledger.open(std::move(delivery), now).id;
    }
    // A message of one event, scored and sent.
    Publish send_one(std::uint64_t sequence) {
        commit.store({deliver(sequence), 0});
        return pump().at(0);
    }

    // What is published now.
    std::vector<Publish> pump(bool connected = true) {
        Effects out;
        commit.pump(now, connected, out);
        std::vector<Publish> publications;
        for (const Effect& effect : out) {
            if (const auto* publish = std::get_if<Publish>(&effect)) publications.push_back(*publish);
        }
        return publications;
    }
    void answer(const Publish& publication, std::optional<Error> error = {}, std::uint64_t sequence = 101) {
        Effects out;
        commit.stored({.id = publication.id, .error = std::move(error), .sequence = sequence}, now, out);
        count(out);
    }
    void count(const Effects& out) {
        for (const Effect& effect : out) {
            if (const auto* ack = std::get_if<Ack>(&effect)) acked.push_back(ack->delivery->stream_sequence);
            if (const auto* done = std::get_if<Settled>(&effect)) settled.push_back(done->duplicate);
        }
    }
    // Time goes by, and every row is touched as the engine does.
    void pass(Duration by) {
        for (const Time end = now + by; now < end;) {
            now = std::min(end, now + kAckWait / 3);
            for (const DeliveryId id : ledger.ids()) ledger.touch(id, now);
        }
    }

    static constexpr Time kStart{std::chrono::hours(1)};
    Time now = kStart;
    settings::Pipeline pipeline;
    Ledger ledger{1000};
    Commit commit{pipeline, ledger, 7};
    std::vector<std::uint64_t> acked;  // sequences
    std::vector<bool> settled;         // whether as a duplicate
};

}  // namespace millrace::engine
