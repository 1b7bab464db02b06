// What check says of the streams that store what a pipeline publishes, and its state.
#include <algorithm>

#include "bridge/app/check_rules.h"
#include "bridge/app/words.h"
#include "bridge/io/nats_outputs.h"

namespace millrace::app {

namespace {

using io::StreamFound;

constexpr std::int64_t kLeastMessage = 2048;  // bytes: lineage and evidence alone take up to a thousand or so

void judge_homeless(const OutputSurvey& output, Severity severity, Findings& found) {
    const std::string& field = output.row.field;
    const auto& streams = output.streams;
    const std::string filter = quote(output.filter);
    if (streams.empty()) {
        found.add(severity, field, "no stream stores " + filter + std::string(kSetup));
    } else if (streams.size() > 1) {
        found.add(severity, field,
                  filter + " is spread over the streams " + quote(streams[0].name) + " and " + quote(streams[1].name) +
                      " (one must store all of it)");
    } else {
        found.add(severity, field,
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
                      "% full and takes nothing more when it is full (discard: new); everything stops then (raise its "
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

// How long after a crash something may be published once more.
struct Return {
    std::string what;
    Duration after{};
};

Return return_of(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
    if (settings::is_owned(pipeline)) return {"another owner takes over (state.lease", pipeline.state.lease};
    return {"a delivery comes again (ack_wait", ack_wait_in_use(pipeline, seen)};
}

// How long what is stored can be read, and found again.
void judge_memory(const StreamFound& stream, std::string_view field, const Return& again, Findings& found) {
    const std::string who = "stream " + quote(stream.name);
    if (stream.duplicate_window < again.after) {
        found.add(Severity::warning, field,
                  who + " forgets identities after " + words(stream.duplicate_window) + ", before " + again.what + " " +
                      words(again.after) + "): a crash may store a result twice" + std::string(kSetup));
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
    const auto* results = seen.behind(Output::result);
    const auto* dead = seen.behind(Output::dead_letter);
    if (results == nullptr || dead == nullptr || results->name == dead->name) return;
    found.add(Severity::warning, "dead_letter.subject",
              "results are in stream " + quote(results->name) + " and dead letters in " + quote(dead->name) +
                  ": after a crash an event may end as both (one stream keeps the first only)");
}

// What is published can be found again where it went, or published once more; state is all there is of it.
void judge_state(const StreamFound& stream, std::string_view field, Findings& found) {
    const std::string who = "stream " + quote(stream.name);
    if (const auto why = io::unfit_for_state(stream); !why.empty()) found.add(Severity::error, field, who + " " + why);
    if (stream.deny_purge) {
        found.add(Severity::warning, field,
                  who + " keeps all state there ever was (deny_purge) and grows without end (deny_purge: false)");
    }
}

void judge_order(const StreamFound& stream, std::string_view field, Findings& found) {
    if (const auto why = io::unfit_for_order(stream); !why.empty())
        found.add(Severity::error, field, "stream " + quote(stream.name) + " " + why);
}

// Whatever expires there, or is deleted by somebody, comes back with the next window of its group.
void judge_summary(const StreamFound& stream, const OutputSurvey& output, Findings& found) {
    const std::string who = "stream " + quote(stream.name);
    if (const auto why = io::unfit_for_summary(stream); !why.empty())
        found.add(Severity::error, output.row.field, who + " " + why);
    if (stream.name != output.row.stream) {
        found.add(Severity::error, output.row.field,
                  who + " stores " + quote(output.filter) + ", which belongs in the bucket's own, " +
                      quote(output.row.stream) + std::string(kSetup));
    }
}

// A stream that is named for an output, while another one has it.
void judge_named(const PipelineSurvey& seen, Output output, std::string_view field, std::string_view what,
                 Findings& found) {
    const auto* there = seen.output(output);
    const auto* stream = seen.behind(output);
    if (stream == nullptr || there->row.stream.empty() || there->row.stream == stream->name) return;
    found.add(Severity::error, field,
              quote(there->row.stream) + " does not store " + std::string(what) + "; stream " + quote(stream->name) +
                  " does");
}

}  // namespace

void judge_outputs(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found) {
    const Return again = return_of(pipeline, seen);
    for (const OutputSurvey& output : seen.outputs) {
        const std::string& field = output.row.field;
        const StreamFound* stream = output.behind();
        const bool is_needed = output.row.output != Output::difference;
        if (stream == nullptr) {
            judge_homeless(output, is_needed ? Severity::error : Severity::warning, found);
            continue;
        }
        if (!is_needed) continue;
        judge_keeping(*stream, field, found);
        judge_taking(*stream, field, found);
        if (output.row.output == Output::audit) continue;
        if (output.row.output == Output::state) {
            judge_state(*stream, field, found);
        } else if (is_summary(output.row.output)) {
            judge_summary(*stream, output, found);
        } else {
            judge_memory(*stream, field, again, found);
            if (output.row.output == Output::result && pipeline.ordered) judge_order(*stream, field, found);
        }
    }
    judge_named(seen, Output::result, "results.stream", "the results", found);
    judge_named(seen, Output::state, "state.stream", "the state", found);
    judge_pairing(seen, found);
}

}  // namespace millrace::app
