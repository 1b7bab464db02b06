// What each contract case begins with: a world, a pipeline, its streams, the door, and what has come back through it.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "subjects/ack_subject.h"
#include "subjects/identity.h"
#include "tests/contract/world.h"

namespace millrace::contract {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline settings::Pipeline trips() {
    settings::Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.input.stream = "EVENTS";
    pipeline.input.subject = "events.{tenant}.trips";
    pipeline.input.ack_wait = milliseconds(600);
    pipeline.endpoint.url = "http://127.0.0.1:1/score";
    pipeline.results.subject = "results.{tenant}.trips";
    pipeline.dead_letter.subject = "dead.{tenant}.trips";
    pipeline.dead_letter.unroutable_subject = "dead-unroutable.trips";
    return pipeline;
}

// Two partitions, each with one owner at a time, and nothing to ask an endpoint for.
inline settings::Pipeline owned_trips() {
    settings::Pipeline pipeline = trips();
    pipeline.endpoint.url.clear();
    pipeline.partitions = 2;
    pipeline.input.subject = "events.{partition}.{tenant}.trips";
    Aggregate aggregate;
    aggregate.name = "counts";
    aggregate.subject = "aggregates.{tenant}.counts";
    pipeline.aggregates = {aggregate};
    return pipeline;
}

inline StreamSpec state_stream() { return {.name = "STATE", .subjects = {"millrace.state.>"}, .discard = "new"}; }

struct Bench {
    explicit Bench(settings::Pipeline given = trips()) : world(make_world()), pipeline(std::move(given)) {}

    void make_input() { world->create_stream({.name = "EVENTS", .subjects = {"events.>"}}); }
    void make_output(std::int32_t max_msg_size = -1) {
        world->create_stream(
            {.name = "OUT", .subjects = {"results.>", "dead.>", "dead-unroutable.>"}, .max_msg_size = max_msg_size});
    }
    void connect() { door = world->jetstream(pipeline, arrivals); }
    // Everything a working bridge has: streams, the door, a bound partition.
    Bound open() {
        make_input();
        make_output();
        connect();
        return bind();
    }

    // The first arrival of this kind that `fits`, taken out; throws when none comes in time.
    template <typename T, typename Fits>
    T await_that(Fits fits, Duration limit = seconds(10)) {
        for (Duration waited{};; waited += milliseconds(10)) {
            take();
            for (auto at = seen.begin(); at != seen.end(); ++at) {
                auto* item = std::get_if<T>(&*at);
                if (item == nullptr || !fits(*item)) continue;
                T out = std::move(*item);
                seen.erase(at);
                return out;
            }
            if (waited >= limit) throw std::runtime_error("what was awaited did not arrive");
            world->advance(milliseconds(10));
        }
    }
    template <typename T>
    T await(Duration limit = seconds(10)) {
        return await_that<T>([](const T&) { return true; }, limit);
    }
    // How many of this kind have arrived after `time` more.
    template <typename T>
    std::size_t count_after(Duration time) {
        world->advance(time);
        take();
        return static_cast<std::size_t>(
            std::ranges::count_if(seen, [](const auto& item) { return std::holds_alternative<T>(item); }));
    }

    Bound bind(Partition partition = 0) {
        door->bind(partition);
        door->flush();
        return bound(await_bind(partition));
    }
    Error bind_error(Partition partition = 0) {
        door->bind(partition);
        door->flush();
        return failed(await_bind(partition)).error;
    }

    // What an owner needs: streams, the door, and a look.
    Bound open_owned(const StreamSpec& state = state_stream()) {
        make_input();
        world->create_stream({.name = "OUT", .subjects = {"results.>", "dead.>", "dead-unroutable.>", "aggregates.>"}});
        world->create_stream(state);
        connect();
        return look();
    }
    Bound look(const Look& look = {}) {
        door->look(look);
        door->flush();
        return bound(await_bind(look.partition));
    }
    Error look_error() {
        door->look({});
        door->flush();
        return failed(await_bind(0)).error;
    }
    Bound position(const Position& position) {
        door->position(position);
        door->flush();
        return bound(await_bind(position.partition));
    }
    BindFailed position_error(const Position& position) {
        door->position(position);
        door->flush();
        return failed(await_bind(position.partition));
    }
    GotMessage read(Read read) {
        read.number = ++reads_;
        door->read(read);
        door->flush();
        return await_that<GotMessage>([&](const GotMessage& got) { return got.number == read.number; });
    }
    // A head or part of partition 0, stored while the subject's last message is the one expected.
    Stored store_state(std::uint64_t id, const std::string& payload, std::optional<std::uint64_t> expected,
                       std::vector<Header> headers = {}, const std::string& subject = "millrace.state.trips.0") {
        door->publish({StoreId{id}, Output::state, subject, std::move(headers), payload, expected});
        door->flush();
        return await_that<Stored>([&](const Stored& s) { return s.id == StoreId{id}; });
    }

    void pull(std::uint32_t slot, std::uint64_t number, std::uint32_t batch, Duration expires = seconds(5),
              Duration heartbeat = {}, Partition partition = 0) {
        door->pull({partition, slot, number, batch, 1 << 20, expires, heartbeat});
        door->flush();
    }
    // A message, asked for until it comes: a cluster that has just started loses requests without a word.
    ports::Message pull_patiently() {
        for (std::uint64_t number = 1;; ++number) {
            pull(0, number, 5, seconds(2));
            try {
                return await<ports::Message>(seconds(3));
            } catch (const std::runtime_error&) {
                if (number == 10) throw;
            }
        }
    }
    void ack(const ports::Message& message) {
        door->ack(message.reply);
        door->flush();
    }

    Stored store(std::uint64_t id, const std::string& payload, std::vector<Header> headers = {},
                 const std::string& subject = "results.a.trips") {
        door->publish({StoreId{id}, Output::result, subject, std::move(headers), payload});
        door->flush();
        return await_that<Stored>([&](const Stored& s) { return s.id == StoreId{id}; });
    }

    std::unique_ptr<World> world;
    settings::Pipeline pipeline;
    Arrivals arrivals;
    std::unique_ptr<ports::JetStream> door;
    std::vector<ports::JetStreamArrival> seen;

  private:
    std::uint64_t reads_ = 0;

    void take() {
        std::vector<ports::JetStreamArrival> fresh;
        arrivals.take(fresh);
        std::ranges::move(fresh, std::back_inserter(seen));
    }

    static Bound bound(std::variant<Bound, BindFailed> answer) {
        if (const auto* refused = std::get_if<BindFailed>(&answer)) throw std::runtime_error(refused->error.text);
        return std::get<Bound>(std::move(answer));
    }
    static BindFailed failed(std::variant<Bound, BindFailed> answer) {
        if (!std::holds_alternative<BindFailed>(answer)) throw std::runtime_error("it should have failed");
        return std::get<BindFailed>(std::move(answer));
    }

    std::variant<Bound, BindFailed> await_bind(Partition partition) {
        for (int tries = 0; tries < 1000; ++tries) {
            take();
            for (auto at = seen.begin(); at != seen.end(); ++at) {
                std::optional<std::variant<Bound, BindFailed>> out;
                if (const auto* bound = std::get_if<Bound>(&*at); bound && bound->partition == partition) out = *bound;
                if (const auto* failed = std::get_if<BindFailed>(&*at); failed && failed->partition == partition)
                    out = *failed;
                if (!out) continue;
                seen.erase(at);
                return *out;
            }
            world->advance(milliseconds(10));
        }
        throw std::runtime_error("bind was not answered");
    }
};

inline subjects::AckSubject place_of(const ports::Message& message) {
    auto place = subjects::parse_ack_subject(message.reply);
    if (!place) throw std::runtime_error(place.error().text);
    return *place;
}

inline Identity identity(std::uint64_t sequence, std::string_view pipeline = "trips") {
    subjects::EventOrigin origin;
    origin.pipeline = pipeline;
    origin.stream = "EVENTS";
    origin.sequence = sequence;
    return subjects::event_identity(origin);
}

// The headers of a result, as far as the door and a search look at them.
inline std::vector<Header> result_headers(std::uint64_t sequence, const std::string& pipeline = "trips") {
    return {{"Nats-Msg-Id", subjects::to_hex(identity(sequence, pipeline))},
            {"Millrace-Pipeline", pipeline},
            {"Millrace-Input-Sequence", std::to_string(sequence)}};
}

}  // namespace millrace::contract
