#include "bridge/io/nats_outputs.h"

#include <algorithm>
#include <utility>

#include "bridge/io/nats_purge.h"
#include "bridge/io/nats_words.h"
#include "bridge/settings/outputs.h"
#include "subjects/subject_template.h"

namespace millrace::io {

namespace {

// What is added to a message, at its longest; heads may have had no headers before.
std::uint64_t bytes_added(const settings::Pipeline& pipeline, const StreamFound& stream, Output output) {
    constexpr std::string_view kExpectedStream = "Nats-Expected-Stream: \r\n";
    constexpr std::string_view kAddedToCompared =
        "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 18446744073709551615\r\n\r\n";
    constexpr std::string_view kAddedToBatched =
        "Nats-Batch-Id: \r\nNats-Batch-Sequence: 1000\r\nNats-Batch-Commit: 1\r\n";
    constexpr std::size_t kBatchId = 64;
    const bool compared =
        output == Output::state || is_summary(output) || (output == Output::result && pipeline.ordered);
    return kExpectedStream.size() + stream.name.size() + (compared ? kAddedToCompared.size() : 0) +
           (stream.allow_atomic ? kAddedToBatched.size() + kBatchId : 0);
}

Result<std::string> stream_name(const NatsAdmin& admin, const settings::OutputRow& row, const std::string& filter) {
    if (!row.stream.empty()) return row.stream;
    auto names = admin.stream_names(filter);
    if (!names) return std::unexpected(std::move(names.error()));
    if (names->empty()) {
        return fail(ErrorCode::not_found, "no stream stores " + row.field + " " + quoted(filter) + std::string(kHint));
    }
    if (names->size() > 1) {
        return fail(ErrorCode::misconfigured, row.field + " " + quoted(filter) + " is spread over the streams " +
                                                  quoted((*names)[0]) + " and " + quoted((*names)[1]) +
                                                  " (one stream must store all of it)");
    }
    return names->front();
}

Result<StreamFound> stream_behind(const NatsAdmin& admin, const settings::OutputRow& row, const std::string& filter,
                                  bool is_ordered) {
    auto name = stream_name(admin, row, filter);
    if (!name) return std::unexpected(std::move(name.error()));
    auto stream = admin.stream(*name);
    if (!stream) return std::unexpected(with_prefix(std::move(stream.error()), "stream " + quoted(*name)));
    if (std::ranges::none_of(stream->subjects, [&](const auto& s) { return subjects::covers(s, filter); })) {
        return fail(ErrorCode::misconfigured, "stream " + quoted(*name) + " does not store all of " + row.field + " " +
                                                  quoted(filter) + std::string(kHint));
    }
    const auto why = row.output == Output::state ? unfit_for_state(*stream)
                     : is_summary(row.output)    ? unfit_for_summary(*stream)
                     : is_ordered                ? unfit_for_order(*stream)
                                                 : std::string();
    if (!why.empty()) return fail(ErrorCode::misconfigured, row.field + ": stream " + quoted(*name) + " " + why);
    return stream;
}

// What a message may have, headers included, before ours are added to it.
std::uint64_t room_in(const settings::Pipeline& pipeline, const StreamFound& stream, Output output,
                      std::uint64_t server_max_payload) {
    std::uint64_t room = server_max_payload;
    if (stream.max_msg_size > 0) room = std::min(room, static_cast<std::uint64_t>(stream.max_msg_size));
    const std::uint64_t ours = bytes_added(pipeline, stream, output);
    return room > ours ? room - ours : 0;
}

}  // namespace

Result<OutputsFound> find_outputs(const NatsAdmin& admin, const settings::Pipeline& pipeline,
                                  std::uint64_t server_max_payload) {
    OutputsFound outputs;
    outputs.streams.resize(settings::output_slots(pipeline));
    outputs.found.resize(outputs.streams.size());
    for (const settings::OutputRow& row : settings::outputs(pipeline)) {
        const auto shape = subjects::SubjectTemplate::parse(row.subject, subjects::Use::input);
        if (!shape) return fail(ErrorCode::misconfigured, row.field + ": " + shape.error().text);
        const std::string filter = shape->filter();
        auto stream = stream_behind(admin, row, filter, row.output == Output::result && pipeline.ordered);
        if (!stream) return std::unexpected(std::move(stream.error()));
        const std::size_t i = index(row.output);
        outputs.streams[i] = {stream->name, filter, room_in(pipeline, *stream, row.output, server_max_payload),
                              stream->retention == "limits", purges_no_more_than_asked(*stream)};
        outputs.found[i] = std::move(*stream);
    }
    return outputs;
}

std::string unfit_for_state(const StreamFound& stream) {
    if (stream.retention != "limits") return "drops state once somebody reads it (set retention: limits)";
    if (stream.max_age > Duration::zero()) return "drops state by its age (set max_age: 0)";
    if (stream.max_msgs_per_subject > 0) {
        return "drops what a partition has stored earlier (set max_msgs_per_subject: -1)";
    }
    if (stream.discard != "new") return "drops the oldest state when it is full (set discard: new)";
    return {};
}

std::string unfit_for_order(const StreamFound& stream) {
    if (stream.retention == "limits") return {};
    return "drops what is read, and the last result of a tenant tells what is stored (set retention: limits, or leave "
           "out ordered)";
}

std::string unfit_for_summary(const StreamFound& stream) {
    if (stream.retention != "limits") return "drops what is read, and is no key-value bucket (set retention: limits)";
    if (stream.max_msgs_per_subject < 1) {
        return "keeps every value there ever was, and is no key-value bucket (set max_msgs_per_subject: 1)";
    }
    if (stream.is_fed) return "is fed by another stream, and takes no values itself (choose a bucket of its own)";
    return {};
}

}  // namespace millrace::io
