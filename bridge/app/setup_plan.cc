// The plan of `millrace setup`: what is missing, as steps. Streams first, then what hangs on them.
#include <algorithm>
#include <map>
#include <utility>

#include "bridge/app/partition_mapping.h"
#include "bridge/app/setup.h"
#include "bridge/app/words.h"
#include "bridge/config/problem.h"
#include "bridge/io/nats_bind.h"
#include "bridge/io/nats_outputs.h"
#include "subjects/subject_template.h"

namespace millrace::app {

namespace {

using config::quote;

using io::StreamFound;

constexpr Duration kShortestWindow = std::chrono::minutes(2);
constexpr int kHasTransforms = 2010;
constexpr int kHasBatches = 2012;
constexpr std::string_view kStateSubjects = "millrace.state.>";

bool stores(const StreamFound& stream, const std::string& filter) {
    return std::ranges::any_of(stream.subjects, [&](const auto& subject) { return subjects::covers(subject, filter); });
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
    return out;
}

template <typename T>
void add_once(std::vector<T>& to, T item) {
    if (std::ranges::find(to, item) == to.end()) to.push_back(std::move(item));
}

// How long after a crash something is published once more.
Duration return_after(const settings::Pipeline& pipeline) {
    return settings::is_owned(pipeline) ? pipeline.state.lease : pipeline.input.ack_wait;
}

// Long enough that what is published once more finds its identity still known.
Duration wanted_window(const settings::Pipeline& pipeline) {
    return std::max<Duration>(kShortestWindow, 2 * return_after(pipeline));
}

std::string spread(const settings::Pipeline& pipeline, const OutputSurvey& output) {
    return "pipeline " + quote(pipeline.name) + ": stream " + quote(output.streams[0].name) + " stores some of " +
           output.row.field + " " + output.filter + "; one stream must store all of it (change one of them by hand)";
}

// Collects over all pipelines, so that two which share a stream plan it once.
class Planner {
  public:
    Planner(const Survey& seen, const SetupOptions& options) : seen_(seen), options_(options) {}

    void add(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
        plan_input(pipeline, seen);
        plan_outputs(pipeline, seen);
        if (const auto* state = seen.output(Output::state)) plan_state(pipeline, seen, *state);
        plan_consumers(pipeline, seen);
    }

    std::vector<Step> steps() && {
        std::vector<Step> out;
        for (auto& [name, wish] : creations_) {
            const bool has_state = std::ranges::find(wish.subjects, kStateSubjects) != wish.subjects.end();
            wish.allow_atomic = has_state && wish.subjects.size() > 1 && has_batches();
        }
        for (auto& [name, wish] : creations_) out.push_back({text_of(wish), std::move(wish), false});
        for (auto& [name, change] : changes_) out.push_back({text_of(change), std::move(change), false});
        std::ranges::move(others_, std::back_inserter(out));
        return out;
    }

  private:
    void block(std::string text) { others_.push_back({std::move(text), std::monostate{}, true}); }
    void tell(std::string text) { others_.push_back({std::move(text), std::monostate{}, false}); }

    io::StreamWish& creation(const std::string& name) {
        auto& wish = creations_[name];
        wish.name = name;
        wish.replicas = options_.replicas;
        return wish;
    }

    io::StreamChange& change(const std::string& name) {
        auto& entry = changes_[name];
        entry.name = name;
        return entry.change;
    }

    // --- input -------------------------------------------------------------------------------------------------

    void plan_input(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
        const auto other =
            std::ranges::find_if(seen.on_input, [&](const StreamFound& s) { return s.name != pipeline.input.stream; });
        const bool stored =
            seen.input && (stores(*seen.input, seen.input_filter) || seen.input->has_transform || seen.input->is_fed);
        if (!stored && other != seen.on_input.end()) {
            return block("pipeline " + quote(pipeline.name) + ": " + seen.input_filter + " belongs in stream " +
                         quote(pipeline.input.stream) + ", but stream " + quote(other->name) +
                         " stores some of it (change input.stream, or take the subject from that stream)");
        }
        if (!seen.input) {
            add_once(creation(pipeline.input.stream).subjects, seen.input_filter);
        } else if (!stored) {
            add_once(change(pipeline.input.stream).add_subjects, seen.input_filter);
        }
        if (pipeline.partitions > 1) plan_partitions(pipeline, seen);
    }

    void plan_partitions(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
        if (seen.input && (seen.input->has_transform || seen.input->is_fed)) return;  // as it comes
        const auto mapping = partition_mapping(pipeline.input.subject, pipeline.partitions);
        if (!mapping) {
            return tell("pipeline " + quote(pipeline.name) + ": publishers set the {partition} token themselves; " +
                        "the server cannot make it for " + pipeline.input.subject);
        }
        if (generation(seen_.server) < kHasTransforms) {
            return tell("pipeline " + quote(pipeline.name) +
                        ": this server has no stream transforms; for it to make the {partition} token, add to the " +
                        "account's configuration:\n      mappings = { \"" + mapping->source + "\": \"" +
                        mapping->target + "\" }");
        }
        const std::string& name = pipeline.input.stream;
        if (!seen.input) {
            auto& wish = creation(name);
            if (!wish.transform_source.empty() && wish.transform_source != mapping->source)
                return block("stream " + quote(name) + " can have one transform, but two pipelines need one each");
            add_once(wish.subjects, mapping->source);
            wish.transform_source = mapping->source;
            wish.transform_target = mapping->target;
        } else {
            auto& wanted = change(name);
            if (!wanted.transform_source.empty() && wanted.transform_source != mapping->source)
                return block("stream " + quote(name) + " can have one transform, but two pipelines need one each");
            if (!stores(*seen.input, mapping->source)) add_once(wanted.add_subjects, mapping->source);
            wanted.transform_source = mapping->source;
            wanted.transform_target = mapping->target;
        }
    }

    // --- outputs -----------------------------------------------------------------------------------------------

    // Results and dead letters of one event have one identity, and belong in one stream: then the first one wins.
    void plan_outputs(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
        std::vector<std::string> homeless;
        const StreamFound* home = nullptr;
        for (const OutputSurvey& output : seen.outputs) {
            if (output.row.output == Output::state) continue;
            if (is_summary(output.row.output)) {
                plan_bucket(pipeline, output);
            } else if (output.row.output == Output::audit) {
                plan_audit(pipeline, seen, output);
            } else if (output.streams.empty()) {
                add_once(homeless, output.filter);
            } else if (const auto* stream = output.behind()) {
                if (output.row.output == Output::difference) continue;  // wherever it is
                if (home == nullptr) home = stream;
                plan_window(pipeline, *stream);
            } else {
                block(spread(pipeline, output));
            }
        }
        judge_named(pipeline, seen.output(Output::result), "results.stream", "results");
        if (homeless.empty()) return;
        if (home == nullptr && seen.home) home = &*seen.home;
        if (home != nullptr) {
            for (auto& filter : homeless) add_once(change(home->name).add_subjects, std::move(filter));
            return;
        }
        auto& wish = creation(home_name(pipeline));
        for (auto& filter : homeless) add_once(wish.subjects, std::move(filter));
        wish.duplicate_window = std::max(wish.duplicate_window, wanted_window(pipeline));
    }

    // A stream that is named for an output, while another has it.
    void judge_named(const settings::Pipeline& pipeline, const OutputSurvey* output, const std::string& field,
                     const std::string& what) {
        if (output == nullptr || output->row.stream.empty() || output->streams.size() != 1) return;
        const std::string& has = output->streams[0].name;
        if (has == output->row.stream) return;
        block("pipeline " + quote(pipeline.name) + ": " + field + " is " + quote(output->row.stream) + ", but stream " +
              quote(has) + " stores the " + what + " (change " + field + ", or take the subject from that stream)");
    }

    [[nodiscard]] bool has_batches() const { return generation(seen_.server) >= kHasBatches; }

    // State has a stream of its own, for all pipelines: nothing else wants to be kept as it does. Where it is put in
    // one of outputs all the same, then for their being stored as one.
    void plan_state(const settings::Pipeline& pipeline, const PipelineSurvey& seen, const OutputSurvey& output) {
        judge_named(pipeline, &output, "state.stream", "state");
        const StreamFound* stream = output.behind();
        if (stream == nullptr && !output.streams.empty()) return block(spread(pipeline, output));
        const bool is_missing = stream == nullptr;
        if (is_missing && seen.state_home) stream = &*seen.state_home;
        if (stream != nullptr) {
            if (const auto why = io::unfit_for_state(*stream); !why.empty())
                return block("pipeline " + quote(pipeline.name) + ": stream " + quote(stream->name) + " " + why);
            if (is_missing) add_once(change(stream->name).add_subjects, std::string(kStateSubjects));
            const bool has_outputs = std::ranges::any_of(seen.outputs, [&](const OutputSurvey& other) {
                const auto* there = other.row.output == Output::state ? nullptr : other.behind();
                return there != nullptr && there->name == stream->name;
            });
            if (has_outputs && has_batches() && !stream->allow_atomic) change(stream->name).allow_atomic = true;
            return;
        }
        auto& wish = creation(state_home_name(pipeline));
        add_once(wish.subjects, std::string(kStateSubjects));
        wish.discard = "new";
        for (const OutputSurvey& other : seen.outputs) {
            if (const auto* there = other.behind())
                wish.replicas = std::max(wish.replicas, static_cast<std::uint32_t>(there->replicas));
        }
    }

    // No tenant's, so in no stream that tenants may read from.
    void plan_audit(const settings::Pipeline& pipeline, const PipelineSurvey& seen, const OutputSurvey& output) {
        if (output.behind() != nullptr) return;
        if (!output.streams.empty()) return block(spread(pipeline, output));
        const std::string name(kAuditHome);
        add_once(seen.audit_home ? change(name).add_subjects : creation(name).subjects, output.filter);
    }

    // As clients make one themselves.
    void plan_bucket(const settings::Pipeline& pipeline, const OutputSurvey& output) {
        judge_named(pipeline, &output, output.row.field, "summary");
        if (const auto* stream = output.behind()) {
            if (const auto why = io::unfit_for_summary(*stream); !why.empty())
                block("pipeline " + quote(pipeline.name) + ": stream " + quote(stream->name) + " " + why);
            return;
        }
        if (!output.streams.empty()) return block(spread(pipeline, output));
        auto& wish = creation(output.row.stream);
        add_once(wish.subjects, settings::bucket_space(output.row.stream.substr(settings::kBucketStream.size())) + ">");
        wish.discard = "new";
        wish.max_msgs_per_subject = 1;
        wish.key_value = true;
    }

    void plan_window(const settings::Pipeline& pipeline, const StreamFound& stream) {
        if (stream.duplicate_window >= return_after(pipeline)) return;
        auto window = wanted_window(pipeline);
        if (stream.max_age > Duration::zero()) window = std::min(window, stream.max_age);  // the server's own rule
        if (window <= stream.duplicate_window) return;
        auto& wanted = change(stream.name).duplicate_window;
        wanted = std::max(wanted.value_or(Duration::zero()), window);
    }

    // --- consumers ---------------------------------------------------------------------------------------------

    void plan_consumers(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
        if (settings::is_owned(pipeline)) return;  // each owner makes its own
        for (Partition p = 0; p < pipeline.partitions; ++p) {
            const std::string name = settings::consumer_name(pipeline, p);
            const auto& found = seen.consumers[p];
            if (found && seen.input) {
                const auto why = io::unfit_because(*found, *seen.input, seen.consumer_filter[p]);
                if (!why.empty()) {
                    block("consumer " + quote(name) + " of stream " + quote(seen.input->name) + " " + why +
                          "; it is left as it is (rename the pipeline, or delete the consumer by hand)");
                }
                continue;
            }
            io::ConsumerWish wish;
            wish.stream = pipeline.input.stream;
            wish.name = name;
            wish.filter = seen.consumer_filter[p];
            wish.start = pipeline.input.start;
            wish.ack_wait = pipeline.input.ack_wait;
            wish.max_ack_pending = settings::effective_max_ack_pending(pipeline);
            others_.push_back({text_of(wish), std::move(wish), false});
        }
    }

    // --- words -------------------------------------------------------------------------------------------------

    static std::string text_of(const io::StreamWish& wish) {
        std::string text =
            "create stream " + quote(wish.name) + " for " + joined(wish.subjects) + " (" + wish.retention + ", " +
            wish.storage + ", " + std::to_string(wish.replicas) + (wish.replicas == 1 ? " replica" : " replicas") +
            ", " + (wish.key_value ? "key-value bucket, " : "") + (wish.discard == "new" ? "discard new, " : "") +
            (wish.allow_atomic ? "atomic batches, " : "") + "duplicate window " + words(wish.duplicate_window) + ")";
        if (!wish.transform_target.empty())
            text += ", rewriting " + wish.transform_source + " to " + wish.transform_target;
        return text;
    }

    static std::string text_of(const ChangeStream& step) {
        std::vector<std::string> parts;
        if (!step.change.add_subjects.empty()) parts.push_back("add " + joined(step.change.add_subjects));
        if (step.change.duplicate_window)
            parts.push_back("widen the duplicate window to " + words(*step.change.duplicate_window));
        if (step.change.allow_atomic) parts.push_back("allow atomic batches");
        if (!step.change.transform_target.empty())
            parts.push_back("rewrite " + step.change.transform_source + " to " + step.change.transform_target);
        return "change stream " + quote(step.name) + ": " + joined(parts);
    }

    static std::string text_of(const io::ConsumerWish& wish) {
        return "create consumer " + quote(wish.name) + " on stream " + quote(wish.stream) + " for " + wish.filter +
               " (ack_wait " + words(wish.ack_wait) + ", max_ack_pending " + std::to_string(wish.max_ack_pending) + ")";
    }

    const Survey& seen_;
    const SetupOptions& options_;
    std::map<std::string, io::StreamWish> creations_;
    std::map<std::string, ChangeStream> changes_;
    std::vector<Step> others_;
};

}  // namespace

std::vector<Step> plan(const settings::Settings& settings, const Survey& seen, const SetupOptions& options) {
    Planner planner(seen, options);
    for (std::size_t i = 0; i < settings.pipelines.size(); ++i) planner.add(settings.pipelines[i], seen.pipelines[i]);
    return std::move(planner).steps();
}

}  // namespace millrace::app
