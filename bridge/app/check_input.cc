// What check says of the input stream and of the consumers on it.
#include <algorithm>

#include "bridge/app/check_rules.h"
#include "bridge/app/words.h"
#include "bridge/io/nats_bind.h"
#include "bridge/io/nats_position.h"
#include "subjects/subject_template.h"

namespace millrace::app {

namespace {

using io::ConsumerFound;
using io::StreamFound;

constexpr Duration kFailover = std::chrono::seconds(15);  // an election of up to nine seconds, and its aftermath

bool reads_all(const settings::Pipeline& pipeline) {
    return std::holds_alternative<settings::StartAll>(pipeline.input.start);
}

// --- the stream ----------------------------------------------------------------------------------------------------

void judge_subject(const StreamFound& stream, const PipelineSurvey& seen, Findings& found) {
    const bool covered = std::ranges::any_of(
        stream.subjects, [&](const auto& subject) { return subjects::covers(subject, seen.input_filter); });
    // A transform renames what comes in: the subjects of the stream are those before it.
    if (covered || stream.has_transform) return;
    if (stream.is_fed) {
        return found.add(Severity::note, "input.subject",
                         "stream " + quote(stream.name) + " takes its messages from other streams; whether they have " +
                             quote(seen.input_filter) + " is not looked at");
    }
    const auto other = std::ranges::find_if(seen.on_input, [&](const StreamFound& s) { return s.name != stream.name; });
    std::string text = "stream " + quote(stream.name) + " does not store all of " + quote(seen.input_filter);
    if (other != seen.on_input.end()) text += "; stream " + quote(other->name) + " captures some of it";
    found.add(Severity::error, "input.subject", text + std::string(kSetup));
}

// What nobody has read yet; where a consumer is still to be made, all that it would begin with.
std::uint64_t backlog(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
    std::uint64_t waiting = 0;
    for (const auto& consumer : seen.consumers) {
        if (consumer) {
            waiting += consumer->pending + consumer->ack_pending;
        } else if (reads_all(pipeline)) {
            return seen.input->messages;
        }
    }
    return waiting;
}

std::optional<ServerTime> oldest_unread(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
    const bool from_start = reads_all(pipeline) && std::ranges::any_of(seen.consumers, [](const auto& consumer) {
                                return !consumer.has_value();
                            });
    return from_start && seen.input->messages > 0 ? seen.input->first_stored : seen.oldest_unacked;
}

void judge_age(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found) {
    const StreamFound& stream = *seen.input;
    if (stream.max_age == Duration::zero()) return;
    const std::string who = "stream " + quote(stream.name);
    if (stream.max_age < kShortestKeep) {
        found.add(Severity::warning, "input.stream",
                  who + " drops events after " + words(stream.max_age) +
                      ", read or not: an outage of that length loses them (raise max_age)");
    }
    const auto oldest = oldest_unread(pipeline, seen);
    if (oldest && seen.server_now && *seen.server_now - *oldest > stream.max_age / 2) {
        found.add(Severity::warning, "input.stream",
                  who + " holds unread events older than half its max_age of " + words(stream.max_age) +
                      " and will drop them (raise max_age until the backlog is gone)");
    }
}

// Whether the stream's limits drop what nobody has read.
void judge_room(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found) {
    const StreamFound& stream = *seen.input;
    if (stream.discard != "old") return;
    const std::string who = "stream " + quote(stream.name);
    const std::uint64_t full = percent_full(stream);
    const std::uint64_t unread = backlog(pipeline, seen);
    if (full >= kNearlyFull && unread > 0) {
        found.add(Severity::warning, "input.stream",
                  who + " is " + std::to_string(full) + "% full with " + std::to_string(unread) +
                      " events unread; when it is full it drops the oldest, read or not (raise its limits)");
    } else if (stream.max_bytes > 0 || stream.max_msgs > 0) {
        found.add(
            Severity::note, "input.stream",
            who + " drops the oldest events when it is full, read or not (discard: new refuses publishers instead)");
    }
    if (stream.max_msgs_per_subject > 0) {
        found.add(Severity::warning, "input.stream",
                  who + " keeps " + std::to_string(stream.max_msgs_per_subject) +
                      " events a subject and drops older ones, read or not (max_msgs_per_subject)");
    }
}

// --- the consumers -------------------------------------------------------------------------------------------------

void judge_consumer(const settings::Pipeline& pipeline, const StreamFound& stream, const ConsumerFound& consumer,
                    const std::string& filter, Findings& found) {
    const std::string who = "consumer " + quote(consumer.name);
    if (const auto why = io::unfit_because(consumer, stream, filter); !why.empty()) {
        return found.add(Severity::error, "input",
                         who + " " + why + " (rename the pipeline, or delete the consumer by hand)");
    }
    if (consumer.max_deliver == 1) {
        found.add(Severity::error, "input",
                  who + " has max_deliver 1, which loses a message at the first crash (set it to -1)");
    } else if (consumer.max_deliver > 0) {
        found.add(Severity::warning, "input",
                  who + " gives a message up after " + std::to_string(consumer.max_deliver) +
                      " deliveries; it then ends as a dead letter (max_deliver: -1 never does)");
    }
    if (consumer.ack_wait != pipeline.input.ack_wait) {
        found.add(Severity::note, "input.ack_wait",
                  who + " exists with " + words(consumer.ack_wait) + " and is used as it is, not with " +
                      words(pipeline.input.ack_wait));
    }
}

void judge_ack_pending(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found) {
    std::int64_t least = settings::effective_max_ack_pending(pipeline);
    for (const auto& consumer : seen.consumers) {
        if (consumer && consumer->max_ack_pending > 0) least = std::min(least, consumer->max_ack_pending);
    }
    const auto wanted = static_cast<std::int64_t>(settings::ample_ack_pending(pipeline));
    if (least >= wanted) return;
    found.add(Severity::warning, "input.max_ack_pending",
              std::to_string(least) + " is below " + std::to_string(wanted) +
                  " (4 x max_batch_count x parallel_requests_per_partition): requests wait for acks, and batches stay "
                  "small");
}

}  // namespace

void judge_input(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found) {
    if (!seen.input) {
        return found.add(Severity::error, "input.stream",
                         "stream " + quote(pipeline.input.stream) + " does not exist" + std::string(kSetup));
    }
    judge_subject(*seen.input, seen, found);
    judge_keeping(*seen.input, "input.stream", found);
    judge_age(pipeline, seen, found);
    judge_room(pipeline, seen, found);
    if (settings::is_owned(pipeline)) {
        if (const auto why = io::unfit_for_owners(*seen.input); !why.empty())
            found.add(Severity::error, "input.stream", "stream " + quote(seen.input->name) + " " + why);
        return;
    }
    if (seen.input->retention == "workqueue" && !reads_all(pipeline)) {
        found.add(
            Severity::error, "input.start",
            "stream " + quote(seen.input->name) + " is a work queue, which is read from its start only (start: all)");
    }
}

void judge_consumers(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found) {
    if (settings::is_owned(pipeline)) return;  // each owner makes its own
    for (std::size_t p = 0; p < seen.consumers.size(); ++p) {
        if (seen.consumers[p] && seen.input)
            judge_consumer(pipeline, *seen.input, *seen.consumers[p], seen.consumer_filter[p], found);
    }
    if (const Duration ack_wait = ack_wait_in_use(pipeline, seen); ack_wait < kFailover) {
        found.add(Severity::warning, "input.ack_wait",
                  words(ack_wait) +
                      " is shorter than a failover of the server may take, and everything in hand would be delivered "
                      "again (set " +
                      words(kFailover) + " or more)");
    }
    judge_ack_pending(pipeline, seen, found);
}

}  // namespace millrace::app
