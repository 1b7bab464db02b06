// The fields of a pipeline, without its endpoint.
#include <array>

#include "bridge/config/field.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

using settings::Audit;
using settings::DeadLetter;
using settings::Event;
using settings::Input;
using settings::Pipeline;
using settings::Results;
using settings::Tenants;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::array<std::string_view, 5> kTimeUnits = {"iso8601", "s", "ms", "us", "ns"};
constexpr std::array<std::string_view, 2> kResultsAs = {"event", "batch"};
constexpr std::array<std::string_view, 3> kOnLate = {"adjust", "drop", "subject"};

void resize_pipelines(Target& target, std::size_t count) { target.all->pipelines.resize(count); }
Target pipeline_at(const Target& target, std::size_t index) {
    return {.all = target.all, .pipeline = &target.all->pipelines[index]};
}

constexpr Field kFields[] = {
    {.path = "pipelines",
     .shape = Sections{"pipeline", resize_pipelines, pipeline_at},
     .doc = "What is read, scored, aggregated and published. Pipelines share the connection and "
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
            "`input.subject`, a number below `partitions` made of the tenant (`millrace setup` lets the server make "
            "it), so "
            "that all of a tenant is in one partition.",
     .example = "1",
     .unit = "partitions"},
    {.path = "pipelines[].ordered",
     .shape = Flag{at<&Pipeline::ordered>},
     .initial = "false",
     .doc = "Results of a tenant are stored in the order of its events, each once, through any crash. A partition then "
            "has one owner at a time, as it has with aggregates, and its messages are acked with one ack for many. It "
            "costs a tenant's events what the slowest before them takes; tenants do not wait for each other.",
     .example = "false"},
    {.path = "pipelines[].where",
     .shape = ExpressionText{at<&Pipeline::where>, true},
     .doc = "Which events are scored, or aggregated where nothing is scored: those for which the condition is true. "
            "Others, "
            "for which it is false or not known because a field is missing or null, are counted as `filtered` and "
            "acked, or go past the model by `bypass`. An event that is not JSON is a dead letter all the same. Put the "
            "condition in quotes where YAML would read something else into it.",
     .example = "distance IS NOT NULL AND passenger > 0"},
    {.path = "pipelines[].bypass",
     .shape = BypassChoice{at<&Pipeline::bypass>},
     .doc = "Where events go that `where` does not select: a copy of each on a subject of its own, with `{tenant}`, or "
            "with `results` among the results, with `\"score\":null,\"bypassed\":true` and what `results.include` "
            "says. Acked when it is stored. Without it they go nowhere.",
     .example = "{subject: \"bypass.{tenant}.trip-fares\"}"},

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

    {.path = "pipelines[].tenants",
     .shape = Section{.optional = true},
     .doc = "Whose events are taken. Without it, those of every tenant."},
    {.path = "pipelines[].tenants.allowed",
     .shape = TextList{at<&Pipeline::tenants, &Tenants::allowed>, rules::tenant_pattern},
     .doc = "The tenants the pipeline works for: names, and patterns in which `*` stands for any characters. An event "
            "of anybody else becomes a dead letter `tenant_not_allowed` on `dead_letter.unroutable_subject`, and "
            "`millrace permissions` gives such a tenant no rights on the pipeline's subjects.",
     .example = "[acme, \"team-*\"]",
     .required = true},

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
            "the row. `{miles: distance * 0.621371}` is a feature of that name that is computed "
            "([expressions.md](expressions.md)); it may have a default too.",
     .example = "[vendorid, weekday, pickuphour, {field: passenger, default: 1}, /trip/distance, {miles: distance * "
                "0.62}]"},
    {.path = "pipelines[].event.timestamp",
     .shape = Text{at<&Pipeline::event, &Event::timestamp>, rules::field_name},
     .doc = "The field that says when the event happened, for windows. An event that lacks it, or has no time there, "
            "becomes a dead letter. Without it, the time JetStream stored the message.",
     .example = "createdAt",
     .apart = true},
    {.path = "pipelines[].event.timestamp_unit",
     .shape = Choice{choose<&Pipeline::event, &Event::timestamp_unit>, kTimeUnits},
     .initial = "iso8601",
     .doc =
         "How `timestamp` is written: as text like `2026-01-02T03:04:05.678+01:00` (with an offset or `Z`, up to nine "
         "decimals), or as a number of seconds, milliseconds, microseconds or nanoseconds since 1970, decimals "
         "allowed.",
     .example = "iso8601",
     .apart = true},
    {.path = "pipelines[].event.out_of_order_tolerance",
     .shape = Wait{at<&Pipeline::event, &Event::out_of_order_tolerance>, {}, hours(24)},
     .initial = "0",
     .doc = "How far an event may be behind the latest one of its tenant and still count as it is. Aggregates come "
            "later by as much.",
     .example = "2s",
     .apart = true},
    {.path = "pipelines[].event.late_arrival_tolerance",
     .shape = WaitOrNone{at<&Pipeline::event, &Event::late_arrival_tolerance>, {}, hours(504)},
     .initial = "5s",
     .doc = "How long after it happened an event may be stored and still count as it is. It is also how long a window "
            "stays open when nothing more comes; with `unlimited` it then stays open until the next event.",
     .example = "5s",
     .apart = true},
    {.path = "pipelines[].event.early_limit",
     .shape = Wait{at<&Pipeline::event, &Event::early_limit>, {}, hours(504)},
     .initial = "5m",
     .doc =
         "How far in the future, seen from when it was stored, an event may claim to be. One from further is left out "
         "of all windows.",
     .example = "5m",
     .apart = true},
    {.path = "pipelines[].event.on_late",
     .shape = Choice{choose<&Pipeline::event, &Event::on_late>, kOnLate},
     .initial = "adjust",
     .doc = "What becomes of an event that is later than the tolerances allow: `adjust` moves its time to the earliest "
            "that still counts, `drop` counts it and leaves it out, `subject` also publishes a copy on `late_subject`, "
            "as it does for one that is too early.",
     .example = "adjust",
     .apart = true},
    {.path = "pipelines[].event.late_subject",
     .shape = Text{at<&Pipeline::event, &Event::late_subject>, rules::tenant_subject},
     .doc = "The subject of late and early events, with `{tenant}`. Goes with `on_late: subject`.",
     .example = "late.{tenant}.trip-fares",
     .apart = true},

    {.path = "pipelines[].results",
     .shape = Section{.optional = true},
     .doc = "Where scores go. There exactly when there is an endpoint."},
    {.path = "pipelines[].results.subject",
     .shape = Text{at<&Pipeline::results, &Results::subject>, rules::tenant_subject},
     .doc = "The subject of results, with `{tenant}`. It must not be read by this pipeline or by one that feeds it.",
     .example = "results.{tenant}.trip-fares",
     .required = true},
    {.path = "pipelines[].results.stream",
     .shape = Text{at<&Pipeline::results, &Results::stream>, rules::stream_name},
     .doc = "The stream that holds the results. Without it, the one that covers the subject.",
     .example = "RESULTS"},
    {.path = "pipelines[].results.as",
     .shape = Choice{choose<&Pipeline::results, &Results::as>, kResultsAs},
     .initial = "event",
     .doc =
         "`event`: one message for each result. `batch`: one message for as many results of a tenant as there are in "
         "a row when the one before it is stored, which costs far less under load; readers take them apart. Goes "
         "with `ordered: true`.",
     .example = "event"},
    {.path = "pipelines[].results.include",
     .shape = IncludeChoice{at<&Pipeline::results>},
     .initial = "none",
     .doc = "What a result carries of its event: `none`, `all` of it, or a list of fields (names or JSON Pointers). "
            "Copied as they "
            "are written in the event, digit by digit.",
     .example = "[tripid]"},

    {.path = "pipelines[].dead_letter",
     .shape = Section{},
     .doc = "Where events go that cannot be scored or aggregated, with the reason and the "
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

    {.path = "pipelines[].audit",
     .shape = Section{.optional = true},
     .doc = "A trail from each result back to its event: one message for each request that settled events, stored "
            "before what the request settled is published. `millrace trace` reads it; "
            "[tenants.md](tenants.md#the-trail-of-a-result) tells what it promises. Off unless it is there."},
    {.path = "pipelines[].audit.subject",
     .shape = Text{at<&Pipeline::audit, &Audit::subject>, rules::operator_subject},
     .doc = "The operator's subject of these messages; without `{tenant}`, since one message may tell of several "
            "tenants. A stream has to store it: while none does, nothing is published or acked.",
     .example = "millrace.audit.trip-fares",
     .required = true},
};

}  // namespace

std::span<const Field> pipeline_fields() { return kFields; }

}  // namespace millrace::config
