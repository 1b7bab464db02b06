// The fields of a pipeline, without its endpoint.
#include <array>

#include "bridge/config/field.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

using settings::DeadLetter;
using settings::Event;
using settings::Input;
using settings::Pipeline;
using settings::Results;
using std::chrono::hours;
using std::chrono::seconds;

constexpr Field kFields[] = {
    {.path = "pipelines",
     .shape = Sections{},
     .doc = "What is read, scored and published. Pipelines share the connection and "
            "nothing else: one that is stuck does not hold up another.",
     .required = true},
    {.path = "pipelines[].name",
     .shape = Text{at<&Pipeline::name>, rules::pipeline_name},
     .doc = "Names the pipeline in its consumers (`NAME-p0`, …), headers, metrics and logs. 1 to 64 of `A-Z a-z 0-9 _ "
            "-`, once "
            "per server: two pipelines of one name would share their consumers.",
     .example = "trip-fares",
     .required = true},
    {.path = "pipelines[].generation",
     .shape = Whole{at<&Pipeline::generation>, 1, 1'000'000'000},
     .initial = "1",
     .doc = "Part of the identity of everything published. Raise it to compute the same input once more on purpose; "
            "otherwise "
            "results that are stored already are not stored again.",
     .example = "1"},
    {.path = "pipelines[].partitions",
     .shape = Whole{at<&Pipeline::partitions>, 1, 1024},
     .initial = "1",
     .doc = "Partitions of the input, each with a consumer of its own. More than one needs the token `{partition}` in "
            "`input.subject`.",
     .example = "1",
     .unit = "partitions"},
    {.path = "pipelines[].ordered",
     .shape = Coming{},
     .doc = "Results in the order of the input. Results of this version are published as they become known."},
    {.path = "pipelines[].aggregates",
     .shape = Coming{},
     .doc = "Windowed aggregates over scores. This version publishes one result per event and computes no windows."},

    {.path = "pipelines[].input",
     .shape = Section{},
     .doc = "Where events come from. The stream has to exist; the consumers are "
            "made when they do not."},
    {.path = "pipelines[].input.stream",
     .shape = Text{at<&Pipeline::input, &Input::stream>, rules::stream_name},
     .doc = "The JetStream stream to read.",
     .example = "EVENTS",
     .required = true},
    {.path = "pipelines[].input.subject",
     .shape = Text{at<&Pipeline::input, &Input::subject>, rules::input_subject},
     .doc = "The subjects to read. `{tenant}` is the one token that names the tenant; `{partition}` the one that holds "
            "the "
            "partition, there exactly when `partitions` is above 1. `*` and a final `>` match as in NATS.",
     .example = "events.{tenant}.trips",
     .required = true},
    {.path = "pipelines[].input.start",
     .shape = StartPoint{at<&Pipeline::input, &Input::start>},
     .initial = "all",
     .doc = "Where to begin when the consumer does not exist yet: `all` that the stream holds, only what is `new`, "
            "what was "
            "stored since a time (`2026-01-02T03:04:05Z`), or from a stream sequence on (`12345`). Later starts go on "
            "where the "
            "consumer stands.",
     .example = "all"},
    {.path = "pipelines[].input.ack_wait",
     .shape = Wait{at<&Pipeline::input, &Input::ack_wait>, seconds(1), hours(1)},
     .initial = "30s",
     .doc =
         "How long the server waits for a sign of life before it gives a message to another replica. Signs are sent at "
         "a third "
         "of it while work is under way, so it need not cover a slow endpoint; recovery after a crash takes about this "
         "long. Keep it above the time a leader fail-over of the stream takes.",
     .example = "30s"},
    {.path = "pipelines[].input.max_ack_pending",
     .shape = Whole{at<&Pipeline::input, &Input::max_ack_pending>, 0, 1'000'000},
     .initial = "0",
     .doc = "How many messages may be delivered and not yet acked, per partition. 0 means 4 x max_batch_count x "
            "parallel_requests_per_partition, at least 1000.",
     .example = "0",
     .unit = "messages"},
    {.path = "pipelines[].input.max_pending_bytes",
     .shape = Size{at<&Pipeline::input, &Input::max_pending_bytes>, 1u << 20, 1ull << 36},
     .initial = "256MiB",
     .doc = "How much memory the messages in hand may take, over all partitions: payload, headers, events and their "
            "rows. A full budget stops pulling; nothing is dropped.",
     .example = "256MiB"},

    {
        .path = "pipelines[].event",
        .shape = Section{},
        .doc = "What an event is. A message holds one JSON object, an array of objects, "
               "or one object a line; each is an event.",
    },
    {.path = "pipelines[].event.features",
     .shape = FeatureList{at<&Pipeline::event, &Event::features>},
     .doc = "The fields the model wants, in its order: a name, or a JSON Pointer when it begins with `/`. An event "
            "that lacks one, "
            "or has null or an object or array there, becomes a dead letter before any request, unless the field has a "
            "default: `{field: passenger, default: 1}` (used when it is missing or null). Without features the whole "
            "event is "
            "the row.",
     .example = "[vendorid, weekday, pickuphour, {field: passenger, default: 1}, /trip/distance]"},
    {.path = "pipelines[].event.timestamp",
     .shape = Coming{},
     .doc = "Event time from a field. It matters to windows only, and this version has none; lineage carries the time "
            "JetStream "
            "stored the message."},

    {.path = "pipelines[].results", .shape = Section{}, .doc = "Where scores go: one message per event."},
    {.path = "pipelines[].results.subject",
     .shape = Text{at<&Pipeline::results, &Results::subject>, rules::tenant_subject},
     .doc = "The subject of results, with `{tenant}`. It must not be read by this pipeline or by one that feeds it.",
     .example = "results.{tenant}.trip-fares",
     .required = true},
    {.path = "pipelines[].results.stream",
     .shape = Text{at<&Pipeline::results, &Results::stream>, rules::stream_name},
     .doc = "The stream that holds the results. Without it, the one that covers the subject.",
     .example = "RESULTS"},
    {.path = "pipelines[].results.include",
     .shape = IncludeChoice{at<&Pipeline::results>},
     .initial = "none",
     .doc = "What a result carries of its event: `none`, `all` of it, or a list of fields (names or JSON Pointers). "
            "Copied as they "
            "are written in the event, digit by digit.",
     .example = "[tripid]"},

    {.path = "pipelines[].dead_letter",
     .shape = Section{},
     .doc = "Where events go that cannot be scored, with the reason and the "
            "evidence. Best kept in the stream of the results."},
    {.path = "pipelines[].dead_letter.subject",
     .shape = Text{at<&Pipeline::dead_letter, &DeadLetter::subject>, rules::tenant_subject},
     .initial = "dead.{tenant}.PIPELINE",
     .doc = "The subject of dead letters, with `{tenant}`. PIPELINE in the default is the pipeline's name.",
     .example = "dead.{tenant}.trip-fares"},
    {.path = "pipelines[].dead_letter.unroutable_subject",
     .shape = Text{at<&Pipeline::dead_letter, &DeadLetter::unroutable_subject>, rules::operator_subject},
     .initial = "dead-unroutable.PIPELINE",
     .doc = "The operator's subject for events whose tenant is not `[A-Za-z0-9_-]{1,64}`; without `{tenant}`. PIPELINE "
            "in the "
            "default is the pipeline's name.",
     .example = "dead-unroutable.trip-fares"},
};

}  // namespace

std::span<const Field> pipeline_fields() { return kFields; }

}  // namespace millrace::config
