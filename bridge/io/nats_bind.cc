#include "bridge/io/nats_bind.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "bridge/io/nats_words.h"
#include "subjects/subject_template.h"

namespace millrace::io {

namespace {

using subjects::SubjectTemplate;
using subjects::Use;

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

// The server's clock from the creation time of a consumer that lives for a moment and that nobody pulls. Only on a
// stream that keeps everything: elsewhere one consumer more changes what the stream keeps.
std::optional<ServerTime> ask_clock(const NatsAdmin& admin, const OutputStreams& outputs) {
    const auto behind = std::ranges::find_if(outputs, [](const auto& output) { return !output.name.empty(); });
    if (behind == outputs.end() || !behind->keeps_all) return {};
    ConsumerWish wish;
    wish.stream = behind->name;
    wish.filter = behind->filter;
    wish.start = settings::StartNew{};
    wish.ack_policy = "none";
    wish.inactive_threshold = std::chrono::seconds(1);
    const auto made = admin.create_consumer(wish);
    if (!made) return {};
    (void)admin.delete_consumer(behind->name, made->name);
    return made->created;
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

}  // namespace

Result<StreamFound> input_stream(const NatsAdmin& admin, const settings::Pipeline& pipeline) {
    auto stream = admin.stream(pipeline.input.stream);
    if (stream) return stream;
    if (stream.error().code == ErrorCode::not_found) {
        return fail(ErrorCode::not_found,
                    "input stream " + quoted(pipeline.input.stream) + " does not exist" + std::string(kHint));
    }
    return std::unexpected(with_prefix(std::move(stream.error()), "input stream " + quoted(pipeline.input.stream)));
}

void fill_input(Bound& bound, const StreamFound& stream) {
    bound.stream_created = stream.created;
    bound.input_first_sequence = stream.first_sequence;
    bound.input_last_sequence = stream.last_sequence;
}

void fill_consumer(Bound& bound, const ConsumerFound& consumer) {
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

void fill_outputs(Bound& bound, const OutputStreams& outputs, const std::vector<StreamFound>& found,
                  std::uint64_t server_max_payload) {
    bound.max_input = server_max_payload;
    bound.max_payload = server_max_payload;
    bound.duplicate_window = Duration::max();
    bound.output_last_sequence.assign(outputs.size(), 0);
    bound.together.assign(outputs.size(), false);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].name.empty()) continue;
        bound.output_last_sequence[i] = found[i].last_sequence;
        bound.max_payload = std::min(bound.max_payload, outputs[i].room);
        const auto output = static_cast<Output>(i);
        bound.together[i] = found[i].allow_atomic && outputs[i].name == outputs[index(Output::state)].name;
        if (output == Output::state || is_summary(output)) continue;  // nothing there is known by an identity
        bound.duplicate_window = std::min(bound.duplicate_window, found[i].duplicate_window);
    }
}

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

    BoundWithStreams out{{}, std::move(outputs->streams)};
    Bound& bound = out.bound;
    bound.partition = partition;
    fill_input(bound, *stream);
    fill_consumer(bound, *consumer);
    fill_outputs(bound, out.outputs, outputs->found, server_max_payload);
    auto clock = consumer->server_now;
    if (!clock) clock = ask_clock(admin, out.outputs);
    bound.server_now = clock.value_or(std::chrono::system_clock::now());
    if (clock && consumer->last_active) bound.idle_for = std::max(Duration::zero(), *clock - *consumer->last_active);
    auto filter = input_filter(pipeline, partition);
    auto oldest = oldest_unacked(admin, bound, *stream, *filter);
    if (!oldest) return std::unexpected(std::move(oldest.error()));
    bound.oldest_unacked = *oldest;
    return out;
}

}  // namespace millrace::io
