// What check says of the streams that store results, dead letters and what has no tenant.
#include <algorithm>

#include "bridge/app/check_rules.h"
#include "bridge/app/words.h"
#include "bridge/settings/outputs.h"
#include "subjects/subject_template.h"

namespace millrace::app {

namespace {

using io::StreamFound;

constexpr std::int64_t kLeastMessage = 2048;  // bytes: lineage and evidence alone take up to a thousand or so

// The stream that stores all of an output, if there is one.
const StreamFound* behind(const PipelineSurvey& seen, Output output) {
    const auto i = static_cast<std::size_t>(output);
    const auto& streams = seen.on_output[i];
    if (streams.size() != 1) return nullptr;
    const bool all = std::ranges::any_of(
        streams[0].subjects, [&](const auto& subject) { return subjects::covers(subject, seen.output_filter[i]); });
    return all ? &streams[0] : nullptr;
}

void judge_homeless(const PipelineSurvey& seen, Output output, Findings& found) {
    const auto i = static_cast<std::size_t>(output);
    const auto field = settings::output_field(output);
    const auto& streams = seen.on_output[i];
    const std::string filter = quote(seen.output_filter[i]);
    if (streams.empty()) {
        found.add(Severity::error, field, "no stream stores " + filter + std::string(kSetup));
    } else if (streams.size() > 1) {
        found.add(Severity::error, field,
                  filter + " is spread over the streams " + quote(streams[0].name) + " and " + quote(streams[1].name) +
                      " (one must store all of it)");
    } else {
        found.add(Severity::error, field,
                  "stream " + quote(streams[0].name) + " stores only some of " + filter + std::string(kSetup));
    }
}

// Whether the stream tells that it stored a message, and takes the next one.
void judge_taking(const StreamFound& stream, std::string_view field, Findings& found) {
    const std::string who = "stream " + quote(stream.name);
    if (stream.no_ack) {
        found.add(Severity::error, field,
                  who + " never says what it has stored (no_ack), so that nothing could ever be acked (no_ack: false)");
    }
    if (const std::uint64_t full = percent_full(stream); stream.discard == "new" && full >= kNearlyFull) {
        found.add(full >= 100 ? Severity::error : Severity::warning, field,
                  who + " is " + std::to_string(full) +
                      "% full and takes nothing more when it is full (discard: new); scoring stops then (raise its "
                      "limits)");
    }
    if (stream.max_msg_size > 0 && stream.max_msg_size < kLeastMessage) {
        found.add(Severity::warning, field,
                  who + " takes messages of " + std::to_string(stream.max_msg_size) +
                      " bytes at most, and lineage alone takes several hundred: what does not fit becomes a dead "
                      "letter, or is cut (raise max_msg_size to " +
                      std::to_string(kLeastMessage) + " or more)");
    }
}

// How long what is stored can be read, and found again.
void judge_memory(const StreamFound& stream, std::string_view field, Duration ack_wait, Findings& found) {
    const std::string who = "stream " + quote(stream.name);
    if (stream.duplicate_window < ack_wait) {
        found.add(Severity::warning, field,
                  who + " forgets identities after " + words(stream.duplicate_window) +
                      ", before a delivery comes again (ack_wait " + words(ack_wait) +
                      "): a crash may store a result twice" + std::string(kSetup));
    }
    if (stream.max_age > Duration::zero() && stream.max_age < kShortestKeep) {
        found.add(Severity::warning, field,
                  who + " drops what it holds after " + words(stream.max_age) +
                      ": a reader that is away as long misses results, and after such an outage they may be stored "
                      "twice (raise max_age)");
    }
    if (stream.retention != "limits") {
        found.add(Severity::note, field,
                  who + " drops what is read (" + stream.retention +
                      "): results already taken cannot be found again after a long outage");
    }
    if (stream.max_msgs_per_subject > 0) {
        found.add(Severity::warning, field,
                  who + " keeps " + std::to_string(stream.max_msgs_per_subject) +
                      " messages a subject and drops older ones (max_msgs_per_subject)");
    }
}

void judge_pairing(const PipelineSurvey& seen, Findings& found) {
    const auto* results = behind(seen, Output::result);
    const auto* dead = behind(seen, Output::dead_letter);
    if (results == nullptr || dead == nullptr || results->name == dead->name) return;
    found.add(Severity::warning, "dead_letter.subject",
              "results are in stream " + quote(results->name) + " and dead letters in " + quote(dead->name) +
                  ": after a crash an event may end as both (one stream keeps the first only)");
}

}  // namespace

void judge_outputs(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found) {
    const Duration ack_wait = ack_wait_in_use(pipeline, seen);
    for (const Output output : settings::kEveryOutput) {
        const auto field = settings::output_field(output);
        const StreamFound* stream = behind(seen, output);
        if (stream == nullptr) {
            judge_homeless(seen, output, found);
            continue;
        }
        judge_keeping(*stream, field, found);
        judge_taking(*stream, field, found);
        judge_memory(*stream, field, ack_wait, found);
    }
    const StreamFound* results = behind(seen, Output::result);
    const std::string& wanted = pipeline.results.stream;
    if (results != nullptr && !wanted.empty() && wanted != results->name) {
        found.add(Severity::error, "results.stream",
                  quote(wanted) + " does not store the results; stream " + quote(results->name) + " does");
    }
    judge_pairing(seen, found);
}

}  // namespace millrace::app
