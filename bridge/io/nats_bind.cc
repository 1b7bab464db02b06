#include "bridge/io/nats_bind.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "bridge/io/nats_wire.h"
#include "bridge/settings/outputs.h"
#include "subjects/subject_template.h"

namespace millrace::io {

namespace {

using subjects::SubjectTemplate;
using subjects::Use;

constexpr std::string_view kHint = " (run `millrace setup -c FILE` to see and make what is missing)";
constexpr std::string_view kExpectedStream = "Nats-Expected-Stream";

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

Error with_prefix(Error error, std::string_view prefix) {
    error.text = std::string(prefix) + ": " + error.text;
    return error;
}

Result<StreamFound> input_stream(const NatsAdmin& admin, const settings::Pipeline& pipeline) {
    auto stream = admin.stream(pipeline.input.stream);
    if (stream) return stream;
    if (stream.error().code == ErrorCode::not_found) {
        return fail(ErrorCode::not_found,
                    "input stream " + quoted(pipeline.input.stream) + " does not exist" + std::string(kHint));
    }
    return std::unexpected(with_prefix(std::move(stream.error()), "input stream " + quoted(pipeline.input.stream)));
}

Result<ConsumerFound> find_or_create(const NatsAdmin& admin, const settings::Pipeline& pipeline,
                                     const std::string& name, const std::string& filter) {
    auto found = admin.consumer(pipeline.input.stream, name);
    if (found || found.error().code != ErrorCode::not_found) return found;
    ConsumerWish wish;
    wish.stream = pipeline.input.stream;
    wish.name = name;
    wish.filter = filter;
    wish.start = pipeline.input.start;
    wish.ack_wait = pipeline.input.ack_wait;
    wish.max_ack_pending = settings::effective_max_ack_pending(pipeline);
    auto made = admin.create_consumer(wish);
    if (made) return made;
    // Another replica may have been first.
    auto again = admin.consumer(pipeline.input.stream, name);
    return again ? again : made;
}

Result<ConsumerFound> fit_consumer(const NatsAdmin& admin, const settings::Pipeline& pipeline, Partition partition,
                                   const StreamFound& stream) {
    const std::string name = settings::consumer_name(pipeline, partition);
    auto filter = input_filter(pipeline, partition);
    if (!filter) return std::unexpected(std::move(filter.error()));
    auto consumer = find_or_create(admin, pipeline, name, *filter);
    const std::string who = "consumer " + quoted(name) + " of stream " + quoted(stream.name);
    if (!consumer) return std::unexpected(with_prefix(std::move(consumer.error()), who));
    if (const auto why = unfit_because(*consumer, stream, *filter); !why.empty()) {
        return fail(ErrorCode::misconfigured,
                    who + " " + why + "; it is left as it is (rename the pipeline, or delete the consumer by hand)");
    }
    return consumer;
}

Result<std::string> output_stream_name(const NatsAdmin& admin, const settings::Pipeline& pipeline, Output output,
                                       const std::string& filter) {
    const std::string field(settings::output_field(output));
    if (output == Output::result && !pipeline.results.stream.empty()) return pipeline.results.stream;
    auto names = admin.stream_names(filter);
    if (!names) return std::unexpected(std::move(names.error()));
    if (names->empty()) {
        return fail(ErrorCode::not_found, "no stream stores " + field + " " + quoted(filter) + std::string(kHint));
    }
    if (names->size() > 1) {
        return fail(ErrorCode::misconfigured, field + " " + quoted(filter) + " is spread over the streams " +
                                                  quoted((*names)[0]) + " and " + quoted((*names)[1]) +
                                                  " (one stream must store all of it)");
    }
    return names->front();
}

Result<StreamFound> output_stream(const NatsAdmin& admin, const settings::Pipeline& pipeline, Output output,
                                  const std::string& filter) {
    const std::string field(settings::output_field(output));
    auto name = output_stream_name(admin, pipeline, output, filter);
    if (!name) return std::unexpected(std::move(name.error()));
    auto stream = admin.stream(*name);
    if (!stream) return std::unexpected(with_prefix(std::move(stream.error()), "stream " + quoted(*name)));
    if (std::ranges::none_of(stream->subjects, [&](const auto& s) { return subjects::covers(s, filter); })) {
        return fail(ErrorCode::misconfigured, "stream " + quoted(*name) + " does not store all of " + field + " " +
                                                  quoted(filter) + std::string(kHint));
    }
    return stream;
}

// What a message may have, headers included, once Nats-Expected-Stream is added to it.
std::uint64_t room_in(const StreamFound& stream, std::uint64_t server_max_payload) {
    std::uint64_t room = server_max_payload;
    if (stream.max_msg_size > 0) room = std::min(room, static_cast<std::uint64_t>(stream.max_msg_size));
    const std::uint64_t ours = kExpectedStream.size() + stream.name.size() + std::string_view(": \r\n").size();
    return room > ours ? room - ours : 0;
}

// The server's clock from the creation time of a consumer that lives for a moment and that nobody pulls. Only on a
// stream that keeps everything: elsewhere one consumer more changes what the stream keeps.
std::optional<ServerTime> ask_clock(const NatsAdmin& admin, const StreamFound& stream, const std::string& filter) {
    if (stream.retention != "limits") return {};
    ConsumerWish wish;
    wish.stream = stream.name;
    wish.filter = filter;
    wish.start = settings::StartNew{};
    wish.ack_policy = "none";
    wish.inactive_threshold = std::chrono::seconds(1);
    const auto made = admin.create_consumer(wish);
    if (!made) return {};
    (void)admin.delete_ephemeral(stream.name, made->name);
    return made->created;
}

void fill_input(Bound& bound, const StreamFound& stream, const ConsumerFound& consumer) {
    bound.stream_created = stream.created;
    bound.input_first_sequence = stream.first_sequence;
    bound.input_last_sequence = stream.last_sequence;
    // With nothing pending all that was delivered is acked, and a consumer that starts late has its floor there.
    bound.ack_floor =
        consumer.ack_pending == 0 ? std::max(consumer.ack_floor, consumer.delivered_sequence) : consumer.ack_floor;
    bound.delivered_sequence = consumer.delivered_sequence;
    bound.ack_pending = consumer.ack_pending;
    bound.ack_wait = consumer.ack_wait;
    bound.max_deliver = consumer.max_deliver;
    constexpr std::int64_t kNoLimit = 1'000'000;
    const auto pending = consumer.max_ack_pending > 0 ? std::min(consumer.max_ack_pending, kNoLimit) : kNoLimit;
    bound.max_ack_pending = static_cast<std::uint32_t>(pending);
}

Result<ServerTime> oldest_unacked(const NatsAdmin& admin, const Bound& bound, const StreamFound& stream,
                                  const std::string& filter) {
    if (bound.ack_floor >= stream.last_sequence) return bound.server_now;
    const auto first = std::max(bound.ack_floor + 1, stream.first_sequence);
    auto message = admin.next_message(stream.name, first, filter);
    if (message) return message->stored_at;
    if (message.error().code == ErrorCode::not_found) return bound.server_now;
    return std::unexpected(with_prefix(std::move(message.error()), "oldest unacked message"));
}

struct Outputs {
    std::array<StreamFound, kOutputs> found;
    OutputStreams streams;
};

Result<Outputs> find_outputs(const NatsAdmin& admin, const settings::Pipeline& pipeline, std::uint64_t max_payload) {
    Outputs outputs;
    for (const Output output : settings::kEveryOutput) {
        const auto i = static_cast<std::size_t>(output);
        const auto shape = SubjectTemplate::parse(settings::output_subject(pipeline, output), Use::output);
        if (!shape) return std::unexpected(Error{ErrorCode::misconfigured, shape.error().text});
        auto& [name, filter, room, keeps_all] = outputs.streams[i];
        filter = shape->filter();
        auto stream = output_stream(admin, pipeline, output, filter);
        if (!stream) return std::unexpected(std::move(stream.error()));
        name = stream->name;
        room = room_in(*stream, max_payload);
        keeps_all = stream->retention == "limits";
        outputs.found[i] = std::move(*stream);
    }
    return outputs;
}

}  // namespace

Result<std::string> input_filter(const settings::Pipeline& pipeline, Partition partition) {
    const auto shape = SubjectTemplate::parse(pipeline.input.subject, Use::input);
    if (!shape) return std::unexpected(Error{ErrorCode::misconfigured, shape.error().text});
    return pipeline.partitions > 1 ? shape->filter(partition) : shape->filter();
}

std::string unfit_because(const ConsumerFound& consumer, const StreamFound& stream, const std::string& filter) {
    const bool whole_stream = stream.subjects.size() == 1 && stream.subjects.front() == filter;
    if (consumer.filters != std::vector{filter} && !(consumer.filters.empty() && whole_stream)) {
        const std::string has = consumer.filters.empty() ? "none"
                                                         : quoted(consumer.filters.front()) +
                                                               (consumer.filters.size() > 1 ? " and more" : "");
        return "has the filter " + has + " where input.subject asks for " + quoted(filter);
    }
    if (consumer.ack_policy != "explicit")
        return "has ack policy " + quoted(consumer.ack_policy) + ", not \"explicit\"";
    if (!consumer.deliver_subject.empty()) return "is a push consumer, not a pull consumer";
    if (consumer.headers_only) return "delivers headers only";
    return {};
}

// A consumer that starts beyond the end of the stream has delivered nothing.
bool is_behind(const StreamFound& stream, const ConsumerFound& consumer) {
    return consumer.deliveries > 0 && consumer.delivered_sequence > stream.last_sequence;
}

Result<BoundWithStreams> bind_partition(const NatsAdmin& admin, const settings::Pipeline& pipeline, Partition partition,
                                        std::uint64_t server_max_payload) {
    auto stream = input_stream(admin, pipeline);
    if (!stream) return std::unexpected(std::move(stream.error()));
    auto outputs = find_outputs(admin, pipeline, server_max_payload);
    if (!outputs) return std::unexpected(std::move(outputs.error()));
    auto consumer = fit_consumer(admin, pipeline, partition, *stream);
    if (!consumer) return std::unexpected(std::move(consumer.error()));
    if (is_behind(*stream, *consumer)) {
        stream = input_stream(admin, pipeline);
        if (!stream) return std::unexpected(std::move(stream.error()));
        if (is_behind(*stream, *consumer)) {
            return fail(ErrorCode::unavailable, "stream " + quoted(stream->name) + " ends at " +
                                                    std::to_string(stream->last_sequence) + ", but its consumer " +
                                                    quoted(consumer->name) + " has delivered up to " +
                                                    std::to_string(consumer->delivered_sequence) +
                                                    " (its leader has not caught up, or messages were lost)");
        }
    }

    BoundWithStreams out{{}, outputs->streams};
    Bound& bound = out.bound;
    bound.partition = partition;
    fill_input(bound, *stream, *consumer);
    auto clock = consumer->server_now;
    if (!clock) clock = ask_clock(admin, outputs->found[0], outputs->streams[0].filter);
    bound.server_now = clock.value_or(std::chrono::system_clock::now());
    if (clock && consumer->last_active) bound.idle_for = std::max(Duration::zero(), *clock - *consumer->last_active);
    bound.duplicate_window = outputs->found[0].duplicate_window;
    bound.max_input = server_max_payload;
    bound.max_payload = outputs->streams[0].room;
    for (std::size_t i = 0; i < kOutputs; ++i) {
        bound.output_last_sequence[i] = outputs->found[i].last_sequence;
        bound.duplicate_window = std::min(bound.duplicate_window, outputs->found[i].duplicate_window);
        bound.max_payload = std::min(bound.max_payload, outputs->streams[i].room);
    }
    auto filter = input_filter(pipeline, partition);
    auto oldest = oldest_unacked(admin, bound, *stream, *filter);
    if (!oldest) return std::unexpected(std::move(oldest.error()));
    bound.oldest_unacked = *oldest;
    return out;
}

}  // namespace millrace::io
