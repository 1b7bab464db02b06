#include "bridge/io/nats_position.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/io/nats_words.h"

namespace millrace::io {

namespace {

// Nothing is redelivered to an owner: it takes another position.
constexpr Duration kAckWait = std::chrono::hours(1);

Result<StreamFound> owned_input(const NatsAdmin& admin, const settings::Pipeline& pipeline) {
    auto stream = input_stream(admin, pipeline);
    if (!stream) return stream;
    if (const auto why = unfit_for_owners(*stream); !why.empty())
        return fail(ErrorCode::misconfigured, "input stream " + quoted(stream->name) + " " + why);
    return stream;
}

// Where `start` begins now, and what the server's clock says: what it tells of a consumer that is made to begin there
// and that nobody pulls.
Result<ConsumerFound> resolved(const NatsAdmin& admin, const std::string& stream, settings::Start start,
                               Duration before) {
    if (auto* time = std::get_if<ServerTime>(&start)) *time -= before;
    ConsumerWish wish;
    wish.stream = stream;
    wish.start = start;
    wish.ack_policy = "none";
    wish.inactive_threshold = std::chrono::seconds(1);
    auto made = admin.create_consumer(wish);
    if (!made) return std::unexpected(with_prefix(std::move(made.error()), "start in stream " + quoted(stream)));
    (void)admin.delete_consumer(stream, made->name);
    return made;
}

// The consumers of the partition's positions before `position`.
Result<std::vector<std::string>> earlier_consumers(const NatsAdmin& admin, const settings::Pipeline& pipeline,
                                                   const Position& position) {
    auto names = admin.consumer_names(pipeline.input.stream);
    if (!names) return names;
    std::erase_if(*names, [&](const auto& name) { return !settings::is_earlier_consumer(pipeline, position, name); });
    return names;
}

// The greatest ack floor of the consumers that owners of the partition have left behind; 0 without any.
Result<std::uint64_t> floor_of_owners(const NatsAdmin& admin, const settings::Pipeline& pipeline, Partition partition) {
    constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
    auto names = earlier_consumers(admin, pipeline, {partition, kLast, kLast, 0});
    if (!names) return std::unexpected(std::move(names.error()));
    std::uint64_t floor = 0;
    for (const auto& name : *names) {
        const auto consumer = admin.consumer(pipeline.input.stream, name);
        if (consumer)
            floor = std::max(floor, consumer->ack_floor);
        else if (consumer.error().code != ErrorCode::not_found)
            return std::unexpected(consumer.error());
    }
    return floor;
}

Result<ConsumerFound> make_consumer(const NatsAdmin& admin, const settings::Pipeline& pipeline,
                                    const Position& position) {
    auto filter = input_filter(pipeline, position.partition);
    if (!filter) return std::unexpected(std::move(filter.error()));
    ConsumerWish wish;
    wish.stream = pipeline.input.stream;
    wish.name = settings::consumer_name(pipeline, position);
    wish.filter = std::move(*filter);
    wish.start = position.start_sequence;
    wish.ack_policy = "all";
    wish.ack_wait = kAckWait;
    wish.max_ack_pending = settings::effective_max_ack_pending(pipeline);
    const std::string who = "consumer " + quoted(wish.name) + " of stream " + quoted(wish.stream);
    // A server before 2.10 would take the creation for a change.
    const auto there = admin.consumer(wish.stream, wish.name);
    if (there) return fail(ErrorCode::conflict, who + " is there already (take the next position)");
    if (there.error().code != ErrorCode::not_found) return std::unexpected(with_prefix(there.error(), who));
    auto made = admin.create_consumer(wish);
    if (!made) return std::unexpected(with_prefix(std::move(made.error()), who));
    return made;
}

}  // namespace

std::string unfit_for_owners(const StreamFound& stream) {
    if (stream.retention == "limits") return {};
    return "drops what is read (" + stream.retention +
           "), and an owner may have to read again (use a stream with retention: limits, for example one that sources "
           "this one)";
}

Result<BoundWithStreams> look_at_partition(const NatsAdmin& admin, const settings::Pipeline& pipeline, const Look& look,
                                           std::uint64_t server_max_payload) {
    auto stream = owned_input(admin, pipeline);
    if (!stream) return std::unexpected(std::move(stream.error()));
    auto outputs = find_outputs(admin, pipeline, server_max_payload);
    if (!outputs) return std::unexpected(std::move(outputs.error()));
    const auto begin = resolved(admin, stream->name, pipeline.input.start, look.before);
    if (!begin) return std::unexpected(begin.error());
    const auto floor = floor_of_owners(admin, pipeline, look.partition);
    if (!floor) return std::unexpected(floor.error());

    BoundWithStreams out{{}, std::move(outputs->streams)};
    Bound& bound = out.bound;
    bound.partition = look.partition;
    fill_input(bound, *stream);
    fill_outputs(bound, out.outputs, outputs->found, server_max_payload);
    bound.start_sequence = begin->delivered_sequence + 1;
    bound.ack_floor = *floor;
    bound.server_now = begin->server_now.value_or(begin->created);
    bound.oldest_unacked = bound.server_now;
    return out;
}

Result<BoundWithStreams> position_partition(const NatsAdmin& admin, const settings::Pipeline& pipeline,
                                            const Position& position, std::uint64_t server_max_payload) {
    const auto stream = owned_input(admin, pipeline);
    if (!stream) return std::unexpected(stream.error());
    auto outputs = find_outputs(admin, pipeline, server_max_payload);
    if (!outputs) return std::unexpected(std::move(outputs.error()));
    const auto made = make_consumer(admin, pipeline, position);
    if (!made) return std::unexpected(made.error());
    // What is left of them does no harm but to the server's memory; the next position tries again.
    if (const auto earlier = earlier_consumers(admin, pipeline, position)) {
        for (const auto& name : *earlier) (void)admin.delete_consumer(stream->name, name);
    }

    BoundWithStreams out{{}, std::move(outputs->streams)};
    Bound& bound = out.bound;
    bound.partition = position.partition;
    bound.position = position;
    fill_input(bound, *stream);
    fill_consumer(bound, *made);
    fill_outputs(bound, out.outputs, outputs->found, server_max_payload);
    bound.server_now = made->server_now.value_or(made->created);
    bound.oldest_unacked = bound.server_now;
    return out;
}

}  // namespace millrace::io
