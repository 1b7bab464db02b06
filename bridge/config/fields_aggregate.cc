// The fields of windowed aggregates, and of the state of the partitions they are computed in.
#include "bridge/config/field.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

using settings::Pipeline;
using settings::State;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void resize_aggregates(Target& target, std::size_t count) { target.pipeline->aggregates.resize(count); }
Target aggregate_at(const Target& target, std::size_t index) {
    return {.all = target.all, .pipeline = target.pipeline, .aggregate = &target.pipeline->aggregates[index]};
}

constexpr Field kFields[] = {
    {.path = "pipelines[].aggregates",
     .shape = Sections{"aggregate", resize_aggregates, aggregate_at},
     .doc = "Windowed aggregates: one message per window, tenant and group, published once. With an "
            "endpoint they are of events and of their scores. The input stream has to keep messages by limits, "
            "and each partition is read by one replica at a time.",
     .apart = true},
    {.path = "pipelines[].aggregates[].name",
     .shape = Text{at<&Aggregate::name>, rules::pipeline_name},
     .doc = "Names the aggregate in its subject and headers. 1 to 64 of `A-Z a-z 0-9 _ -`, once per pipeline.",
     .example = "fares-5s",
     .required = true,
     .apart = true},
    {.path = "pipelines[].aggregates[].window",
     .shape = WindowChoice{at<&Aggregate::window>},
     .doc = "Which events belong together. `{tumbling: 5s}`: one window after the other; `{hopping: {size: 10s, hop: "
            "5s}}`: one of 10s every 5s; both may be moved by an offset: `{tumbling: {size: 5s, offset: 1s}}`. "
            "`{sliding: 10s}`: the last 10s, whenever what is in them changes. `{session: {timeout: 5s, max_duration: "
            "1m}}`: as long as no gap is longer than 5s, looked at every minute. `snapshot`: events of the very same "
            "time. Windows begin at multiples of their hop since 1970 (UTC); one from 10:00 to 10:05 holds what came "
            "after 10:00, and 10:05 itself. Durations are 1ms to 168h.",
     .example = "{tumbling: 5s}",
     .required = true,
     .apart = true},
    {.path = "pipelines[].aggregates[].group_by",
     .shape = TextList{at<&Aggregate::group_by>, rules::field_name},
     .doc =
         "Fields of the event: there is an aggregate for each combination of their values. The tenant is always part "
         "of the group. In the message a group field has its name, of a JSON Pointer its last part. Numbers that "
         "are equal are one group; a field that is missing counts as null.",
     .example = "[vendorid]",
     .apart = true},
    {.path = "pipelines[].aggregates[].select",
     .shape = SelectMap{at<&Aggregate::select>},
     .doc =
         "What is computed: a map of names to `count()`, `count(F)`, `count_distinct(F)`, `sum(F)`, `min(F)`, "
         "`max(F)`, "
         "`avg(F)`, `stddev(F)`, `stddevp(F)`, `var(F)`, `varp(F)`, `percentile_cont(0.95, F)`, "
         "`percentile_disc(0.95, F)`, `first(F)`, `last(F)`, `top_n(3, F)` (the greatest; `top_n(3, F, asc)` the "
         "smallest) and `collect(F)`. F is a field of the event: a name, or a JSON Pointer such as `/trip/distance`; "
         "`score` is the score, `score.fare` a field of it. Null and missing values are left out. Between braces a "
         "function with a comma needs quotes.",
     .example = "{trips: count(), fare: avg(/trip/fare), long: \"percentile_cont(0.95, distance)\"}",
     .required = true,
     .apart = true},
    {.path = "pipelines[].aggregates[].having",
     .shape = HavingList{at<&Aggregate::having>, at<&Aggregate::select>},
     .doc =
         "Publishes only aggregates that meet a condition, or all of a list of conditions: a name of `select`, one of "
         "`= <> < <= > >=`, and a number, `true`, `false` or a text in single quotes, as in "
         "[expressions.md](expressions.md). A null meets none.",
     .example = "[trips >= 10, fare < 100]",
     .apart = true},
    {.path = "pipelines[].aggregates[].subject",
     .shape = Text{at<&Aggregate::subject>, rules::tenant_subject},
     .initial = "aggregates.{tenant}.NAME",
     .doc = "The subject of the aggregate's messages, with `{tenant}`. NAME in the default is the aggregate's name.",
     .example = "aggregates.{tenant}.fares-5s",
     .apart = true},
    {.path = "pipelines[].aggregates[].kv_bucket",
     .shape = Text{at<&Aggregate::kv_bucket>, rules::bucket_name},
     .doc = "Also keeps the newest aggregate of each group in this key-value bucket, under the key "
            "`PIPELINE.NAME.TENANT.GROUP…`. Several aggregates and pipelines may share a bucket.",
     .example = "fares",
     .apart = true},
    {.path = "pipelines[].aggregates[].partial",
     .shape = Flag{at<&Aggregate::partial>},
     .initial = "false",
     .doc = "For publishers that spread a tenant over several partitions: each partition publishes its own part of an "
            "aggregate. Needs `{partition}` in `subject`, and `partitions` above 1.",
     .example = "false",
     .apart = true},

    {.path = "pipelines[].state",
     .shape = Section{},
     .doc = "Where the state of partitions with owners is kept, and how it changes hands. Has no effect without "
            "aggregates or `ordered: true`.",
     .apart = true},
    {.path = "pipelines[].state.stream",
     .shape = Text{at<&Pipeline::state, &State::stream>, rules::stream_name},
     .doc =
         "The stream that stores `millrace.state.>`: limits retention, nothing that expires. Without it, the one that "
         "covers these subjects. Where it is the stream of the aggregates and takes atomic batches (`allow_atomic`, "
         "nats-server 2.12.2), a commit and what it publishes are stored as one.",
     .example = "MILLRACE_STATE",
     .apart = true},
    {.path = "pipelines[].state.checkpoint_every",
     .shape = Wait{at<&Pipeline::state, &State::checkpoint_every>, milliseconds(10), minutes(1)},
     .initial = "500ms",
     .doc =
         "How often what was aggregated is committed while events come, at least: many events are committed as soon as "
         "no more wait. Aggregates are published after the commit they are in. Below a third of `lease`.",
     .example = "500ms",
     .apart = true},
    {.path = "pipelines[].state.lease",
     .shape = Wait{at<&Pipeline::state, &State::lease>, seconds(1), minutes(10)},
     .initial = "15s",
     .doc =
         "An owner of a partition that has committed nothing for this long is replaced by another replica; it commits "
         "at least every third of it. Keep it above the time a leader fail-over of the state stream takes.",
     .example = "15s",
     .apart = true},
    {.path = "pipelines[].state.max_bytes",
     .shape = Size{at<&Pipeline::state, &State::max_bytes>, 1u << 20, 1ull << 36},
     .initial = "1GiB",
     .doc = "How much memory the open windows of one partition may take. Beyond it the pipeline halts with what it has "
            "committed; nothing is dropped.",
     .example = "1GiB",
     .apart = true},
};

}  // namespace

std::span<const Field> aggregate_fields() { return kFields; }

}  // namespace millrace::config
