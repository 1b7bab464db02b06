// The rules of `millrace check`: each looks at one thing and says what it means for the promise.
#include <algorithm>
#include <set>
#include <utility>

#include "bridge/app/check.h"
#include "bridge/app/words.h"
#include "bridge/io/nats_bind.h"
#include "subjects/subject_template.h"

namespace millrace::app {

namespace {

using io::ConsumerFound;
using io::StreamFound;

constexpr Duration kFailover = std::chrono::seconds(15);   // an election of up to nine seconds, and its aftermath
constexpr Duration kShortestKeep = std::chrono::hours(1);  // an outage of this length should lose nothing
constexpr std::string_view kSetup = " (see `millrace setup`)";

class Judge {
  public:
    Judge(const settings::Pipeline& pipeline, const std::string& path, const PipelineSurvey& seen)
        : pipeline_(pipeline), path_(path), seen_(seen) {}

    std::vector<Finding> all() {
        judge_input();
        judge_consumers();
        judge_outputs();
        judge_pairing();
        return std::move(found_);
    }

  private:
    void add(Grade grade, std::string_view field, std::string text) {
        if (said_.insert(text).second) found_.push_back({grade, path_ + "." + std::string(field), std::move(text)});
    }

    // --- input -------------------------------------------------------------------------------------------------

    void judge_input() {
        if (!seen_.input) {
            return add(Grade::error, "input.stream",
                       "stream " + quoted(pipeline_.input.stream) + " does not exist" + std::string(kSetup));
        }
        judge_input_subject(*seen_.input);
        judge_keeping(*seen_.input, "input.stream");
        judge_room(*seen_.input);
        if (seen_.input->retention == "workqueue" &&
            !std::holds_alternative<settings::StartAll>(pipeline_.input.start)) {
            add(Grade::error, "input.start",
                "stream " + quoted(seen_.input->name) +
                    " is a work queue, which is read from its start only (start: all)");
        }
    }

    void judge_input_subject(const StreamFound& stream) {
        const auto covers = [this](const StreamFound& s) {
            return std::ranges::any_of(
                s.subjects, [this](const auto& subject) { return subjects::covers(subject, seen_.input_filter); });
        };
        // A transform renames what comes in: the subjects of the stream are those before it.
        if (covers(stream) || stream.has_transform) return;
        const auto other =
            std::ranges::find_if(seen_.on_input, [&](const StreamFound& s) { return s.name != stream.name; });
        std::string text = "stream " + quoted(stream.name) + " does not store all of " + quoted(seen_.input_filter);
        if (other != seen_.on_input.end()) text += "; stream " + quoted(other->name) + " captures some of it";
        add(Grade::error, "input.subject", text + std::string(kSetup));
    }

    // What the stream does to messages it has acknowledged to a publisher.
    void judge_keeping(const StreamFound& stream, std::string_view field) {
        if (stream.storage == "memory") {
            add(Grade::warning, field,
                "stream " + quoted(stream.name) +
                    " is kept in memory: a restart of the server loses what it has acknowledged (storage: file)");
        }
        if (stream.persist_mode == "async") {
            add(Grade::warning, field,
                "stream " + quoted(stream.name) +
                    " acknowledges before it writes (persist_mode: async): a crash of the server loses messages");
        }
        if (stream.replicas < 2) {
            add(Grade::note, field,
                "stream " + quoted(stream.name) +
                    " has one replica: the promise holds as long as that server's disk does");
        }
        if (stream.sealed)
            add(Grade::error, field, "stream " + quoted(stream.name) + " is sealed and stores nothing more");
    }

    [[nodiscard]] std::uint64_t backlog() const {
        std::uint64_t waiting = 0;
        for (const auto& consumer : seen_.consumers) {
            if (consumer) waiting += consumer->pending + consumer->ack_pending;
        }
        return waiting;
    }

    // Whether the stream's limits drop what nobody has read.
    void judge_room(const StreamFound& stream) {
        const std::string who = "stream " + quoted(stream.name);
        if (stream.max_age > Duration::zero() && stream.max_age < kShortestKeep) {
            add(Grade::warning, "input.stream",
                who + " drops events after " + words(stream.max_age) +
                    ", read or not: an outage of that length loses them");
        }
        if (stream.max_age > Duration::zero() && seen_.oldest_unacked && seen_.server_now &&
            *seen_.server_now - *seen_.oldest_unacked > stream.max_age / 2) {
            add(Grade::warning, "input.stream",
                who + " holds unread events older than half its max_age of " + words(stream.max_age) +
                    " and will drop them (raise max_age until the backlog is gone)");
        }
        if (stream.discard != "old") return;
        const auto fill = [](std::uint64_t used, std::int64_t limit) {
            return limit > 0 ? used * 100 / static_cast<std::uint64_t>(limit) : 0;
        };
        const auto full = std::max(fill(stream.bytes, stream.max_bytes), fill(stream.messages, stream.max_msgs));
        if (full >= 80 && backlog() > 0) {
            add(Grade::warning, "input.stream",
                who + " is " + std::to_string(full) + "% full with " + std::to_string(backlog()) +
                    " events unread; when it is full it drops the oldest, read or not (raise its limits)");
        } else if (stream.max_bytes > 0 || stream.max_msgs > 0) {
            add(Grade::note, "input.stream",
                who +
                    " drops the oldest events when it is full, read or not (discard: new refuses publishers instead)");
        }
        if (stream.max_msgs_per_subject > 0) {
            add(Grade::warning, "input.stream",
                who + " keeps " + std::to_string(stream.max_msgs_per_subject) +
                    " events a subject and drops older ones, read or not (max_msgs_per_subject)");
        }
    }

    // --- consumers ---------------------------------------------------------------------------------------------

    [[nodiscard]] Duration ack_wait() const {
        Duration shortest = Duration::max();
        for (const auto& consumer : seen_.consumers) {
            shortest = std::min(shortest, consumer ? consumer->ack_wait : pipeline_.input.ack_wait);
        }
        return shortest == Duration::max() ? pipeline_.input.ack_wait : shortest;
    }

    void judge_consumers() {
        for (std::size_t p = 0; p < seen_.consumers.size(); ++p) {
            if (seen_.consumers[p] && seen_.input) judge_consumer(*seen_.consumers[p], seen_.consumer_filter[p]);
        }
        if (ack_wait() < kFailover) {
            add(Grade::warning, "input.ack_wait",
                words(ack_wait()) +
                    " is shorter than a failover of the server may take, and everything in hand would be "
                    "delivered again (set " +
                    words(kFailover) + " or more)");
        }
        judge_ack_pending();
    }

    void judge_consumer(const ConsumerFound& consumer, const std::string& filter) {
        const std::string who = "consumer " + quoted(consumer.name);
        if (const auto why = io::unfit_because(consumer, *seen_.input, filter); !why.empty())
            return add(Grade::error, "input", who + " " + why);
        if (consumer.max_deliver > 0) {
            add(Grade::warning, "input",
                who + " gives a message up after " + std::to_string(consumer.max_deliver) +
                    " deliveries; it then ends as a dead letter (max_deliver: -1 never does)");
        }
        if (consumer.ack_wait != pipeline_.input.ack_wait) {
            add(Grade::note, "input.ack_wait",
                who + " exists with " + words(consumer.ack_wait) + " and is used as it is, not with " +
                    words(pipeline_.input.ack_wait));
        }
    }

    void judge_ack_pending() {
        std::int64_t least = settings::effective_max_ack_pending(pipeline_);
        for (const auto& consumer : seen_.consumers) {
            if (consumer && consumer->max_ack_pending > 0) least = std::min(least, consumer->max_ack_pending);
        }
        const auto wanted =
            4ll * pipeline_.endpoint.max_batch_count * pipeline_.endpoint.parallel_requests_per_partition;
        if (least >= wanted) return;
        add(Grade::warning, "input.max_ack_pending",
            std::to_string(least) + " is below " + std::to_string(wanted) +
                " (4 x max_batch_count x parallel_requests_per_partition): requests wait for acks, and batches stay "
                "small");
    }

    // --- outputs -----------------------------------------------------------------------------------------------

    // The stream that stores all of an output, if there is one.
    [[nodiscard]] const StreamFound* behind(Output output) const {
        const auto i = static_cast<std::size_t>(output);
        const auto& streams = seen_.on_output[i];
        if (streams.size() != 1) return nullptr;
        const bool all = std::ranges::any_of(streams[0].subjects, [&](const auto& subject) {
            return subjects::covers(subject, seen_.output_filter[i]);
        });
        return all ? &streams[0] : nullptr;
    }

    void judge_outputs() {
        for (const auto output : {Output::result, Output::dead_letter, Output::unroutable}) {
            if (const auto* stream = behind(output)) {
                judge_output(output, *stream);
            } else {
                judge_homeless(output);
            }
        }
    }

    void judge_homeless(Output output) {
        const auto i = static_cast<std::size_t>(output);
        const auto& streams = seen_.on_output[i];
        const std::string filter = quoted(seen_.output_filter[i]);
        if (streams.empty()) {
            add(Grade::error, output_field(output), "no stream stores " + filter + std::string(kSetup));
        } else if (streams.size() > 1) {
            add(Grade::error, output_field(output),
                filter + " is spread over the streams " + quoted(streams[0].name) + " and " + quoted(streams[1].name) +
                    " (one must store all of it)");
        } else {
            add(Grade::error, output_field(output),
                "stream " + quoted(streams[0].name) + " stores only some of " + filter + std::string(kSetup));
        }
    }

    void judge_output(Output output, const StreamFound& stream) {
        const auto field = output_field(output);
        judge_keeping(stream, field);
        if (output == Output::result && !pipeline_.results.stream.empty() && pipeline_.results.stream != stream.name) {
            add(Grade::error, "results.stream",
                quoted(pipeline_.results.stream) + " does not store the results; stream " + quoted(stream.name) +
                    " does");
        }
        if (stream.duplicate_window < ack_wait()) {
            add(Grade::warning, field,
                "stream " + quoted(stream.name) + " forgets identities after " + words(stream.duplicate_window) +
                    ", before a delivery comes again (ack_wait " + words(ack_wait()) +
                    "): a crash may store a result twice" + std::string(kSetup));
        }
        if (stream.retention != "limits") {
            add(Grade::note, field,
                "stream " + quoted(stream.name) + " drops what is read (" + stream.retention +
                    "): results already taken cannot be found again after a long outage");
        }
        if (stream.max_msgs_per_subject > 0) {
            add(Grade::warning, field,
                "stream " + quoted(stream.name) + " keeps " + std::to_string(stream.max_msgs_per_subject) +
                    " messages a subject and drops older ones (max_msgs_per_subject)");
        }
    }

    void judge_pairing() {
        const auto* results = behind(Output::result);
        const auto* dead = behind(Output::dead_letter);
        if (results == nullptr || dead == nullptr || results->name == dead->name) return;
        add(Grade::warning, "dead_letter.subject",
            "results are in stream " + quoted(results->name) + " and dead letters in " + quoted(dead->name) +
                ": after a crash an event may end as both (one stream keeps the first only)");
    }

    const settings::Pipeline& pipeline_;
    const std::string& path_;
    const PipelineSurvey& seen_;
    std::vector<Finding> found_;
    std::set<std::string> said_;
};

}  // namespace

std::vector<Finding> judge(const settings::Pipeline& pipeline, const std::string& path, const PipelineSurvey& seen) {
    return Judge(pipeline, path, seen).all();
}

}  // namespace millrace::app
