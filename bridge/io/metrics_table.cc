#include "bridge/io/metrics_table.h"

#include <array>
#include <sstream>

namespace millrace::io {
namespace {

constexpr auto kCounter = MetricKind::counter;
constexpr auto kGauge = MetricKind::gauge;
constexpr auto kHistogram = MetricKind::histogram;

constexpr std::array kRequestSeconds = {0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
                                        1.0,   2.5,  5.0,   10.0, 30.0, 60.0, 120.0};
constexpr std::array kLatencySeconds = {0.005, 0.01, 0.025, 0.05, 0.1,  0.25,  0.5,   1.0,
                                        2.5,   5.0,  10.0,  30.0, 60.0, 300.0, 1800.0};
constexpr std::array kRows = {1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0};

constexpr std::array<MetricRow, 39> kTable = {{
    {Metric::build_info, "millrace_build_info", kGauge, "version", "Always 1; the label tells the version.", {}},
    {Metric::messages_received,
     "millrace_messages_received_total",
     kCounter,
     "pipeline",
     "Messages JetStream delivered, redeliveries among them.",
     {}},
    {Metric::message_bytes_received,
     "millrace_message_received_bytes_total",
     kCounter,
     "pipeline",
     "Payload bytes of these messages.",
     {}},
    {Metric::events_received,
     "millrace_events_received_total",
     kCounter,
     "pipeline",
     "Events in these messages: an object, each element of an array, each line.",
     {}},
    {Metric::redeliveries,
     "millrace_redeliveries_total",
     kCounter,
     "pipeline",
     "Messages that had been delivered before.",
     {}},
    {Metric::events,
     "millrace_events_total",
     kCounter,
     "pipeline tenant outcome",
     "Events that reached their end, with what tells of it stored. outcome: scored, dead_letter; filtered, bypassed: "
     "not selected by `where`.",
     {}},
    {Metric::dead_letters,
     "millrace_dead_letters_total",
     kCounter,
     "pipeline tenant reason",
     "Events that became dead letters, by reason code.",
     {}},
    {Metric::duplicates,
     "millrace_duplicates_total",
     kCounter,
     "pipeline",
     "Settled events whose result or dead letter was stored already and was not stored again.",
     {}},
    {Metric::result_latency, "millrace_result_latency_seconds", kHistogram, "pipeline",
     "From the moment JetStream stored the message to the moment its event was settled.", kLatencySeconds},
    {Metric::applied_events,
     "millrace_applied_events_total",
     kCounter,
     "pipeline fate",
     "Events of owned partitions, by what became of them in the windows. fate: in_time, adjusted, late, early, dead, "
     "filtered, bypassed.",
     {}},
    {Metric::acks, "millrace_acks_total", kCounter, "pipeline", "Messages acked.", {}},
    {Metric::requests,
     "millrace_requests_total",
     kCounter,
     "pipeline outcome",
     "Requests to the endpoint that came to an end, by what they came to.",
     {}},
    {Metric::request_duration, "millrace_request_duration_seconds", kHistogram, "pipeline",
     "From sending a request to the last byte of its answer, failures included.", kRequestSeconds},
    {Metric::batch_size, "millrace_batch_size_rows", kHistogram, "pipeline", "Events in a request.", kRows},
    {Metric::requests_in_flight,
     "millrace_requests_in_flight",
     kGauge,
     "pipeline",
     "Requests without an answer yet.",
     {}},
    {Metric::concurrency_limit,
     "millrace_concurrency_limit",
     kGauge,
     "pipeline",
     "How many requests may be in flight now; it grows and shrinks with the endpoint's answers.",
     {}},
    {Metric::address_state,
     "millrace_address_state",
     kGauge,
     "pipeline address url state",
     "How many shards see the address so. state: closed, it is asked; open, it failed and is left alone for a while; "
     "half_open, one request at a time shows whether it works again; out, it refuses us as we are configured. address: "
     "where it stands under `endpoint`.",
     {}},
    {Metric::address_requests,
     "millrace_address_requests_total",
     kCounter,
     "pipeline address url outcome",
     "Requests to the address that came to an end, by what they came to.",
     {}},
    {Metric::address_in_flight,
     "millrace_address_requests_in_flight",
     kGauge,
     "pipeline address url",
     "Requests to the address without an answer yet.",
     {}},
    {Metric::address_limit,
     "millrace_address_concurrency_limit",
     kGauge,
     "pipeline address url",
     "How many requests to the address may be in flight now.",
     {}},
    {Metric::shadow_batches,
     "millrace_shadow_batches_total",
     kCounter,
     "pipeline result",
     "Scored batches chosen for the shadow endpoint. result: compared; failed, it did not score them; skipped, too "
     "much "
     "was on its way there, or it had just failed.",
     {}},
    {Metric::shadow_events,
     "millrace_shadow_events_total",
     kCounter,
     "pipeline result",
     "Events of the batches that were compared. result: same, different.",
     {}},
    {Metric::shadow_differences,
     "millrace_shadow_differences_total",
     kCounter,
     "pipeline result",
     "Differences published. result: stored; lost, no stream said that it took them, or too many were on their way.",
     {}},
    {Metric::backlog,
     "millrace_backlog_messages",
     kGauge,
     "pipeline",
     "Messages the server still holds for the pipeline, as it last told.",
     {}},
    {Metric::open_deliveries, "millrace_open_deliveries", kGauge, "pipeline", "Messages in hand, not acked yet.", {}},
    {Metric::open_bytes,
     "millrace_open_bytes",
     kGauge,
     "pipeline",
     "Memory the messages in hand take, about: payload, headers, events.",
     {}},
    {Metric::queued_events, "millrace_queued_events", kGauge, "pipeline", "Events waiting for a request.", {}},
    {Metric::accused_events,
     "millrace_accused_events",
     kGauge,
     "pipeline",
     "Events refused alone that wait for a witness, or for max_dead_letter_ratio, before they are judged.",
     {}},
    {Metric::publications,
     "millrace_publications_open",
     kGauge,
     "pipeline",
     "Results and dead letters sent or waiting to be sent, not confirmed.",
     {}},
    {Metric::partitions, "millrace_partitions", kGauge, "pipeline", "Partitions served by this process.", {}},
    {Metric::bound_partitions,
     "millrace_partitions_bound",
     kGauge,
     "pipeline",
     "Of these, with their consumer and output streams found; of owned ones, those this process owns or could take "
     "over.",
     {}},
    {Metric::owned_partitions, "millrace_partitions_owned", kGauge, "pipeline", "Partitions this process owns.", {}},
    {Metric::state_bytes,
     "millrace_state_bytes",
     kGauge,
     "pipeline",
     "Memory the windows of owned partitions take, about.",
     {}},
    {Metric::vault_looks,
     "millrace_vault_looks_total",
     kCounter,
     "secret outcome",
     "Look-ups of secrets in vaults, by the reference in the configuration. outcome: read, failed.",
     {}},
    {Metric::vault_read_time,
     "millrace_vault_read_timestamp_seconds",
     kGauge,
     "secret",
     "When the secret was last read from its vault, in seconds since 1970; 0 before. What is at hand stays in use "
     "while "
     "a vault is away, so alert on the age.",
     {}},
    {Metric::connected, "millrace_connected", kGauge, "pipeline", "1 while connected to NATS.", {}},
    {Metric::held,
     "millrace_held",
     kGauge,
     "pipeline",
     "1 while pulling is paused until something outside is put right; /readyz?verbose says what.",
     {}},
    {Metric::halted,
     "millrace_halted",
     kGauge,
     "pipeline",
     "1 while the pipeline is halted and needs a person; /readyz?verbose names the remedy.",
     {}},
    {Metric::draining,
     "millrace_draining",
     kGauge,
     "pipeline",
     "1 while finishing what is in hand before leaving.",
     {}},
}};

consteval bool in_order() {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (static_cast<std::size_t>(kTable[i].metric) != i) return false;
    }
    return true;
}
static_assert(in_order() && static_cast<std::size_t>(Metric::draining) + 1 == kTable.size());

constexpr std::string_view kind_name(MetricKind kind) {
    return kind == kCounter ? "counter" : kind == kGauge ? "gauge" : "histogram";
}

}  // namespace

std::span<const MetricRow> metric_rows() { return kTable; }

std::string metrics_page() {
    std::ostringstream page;
    page << "# Metrics\n\n"
            "`/metrics` on the admin port (`admin.listen`) speaks the Prometheus text format. Counters start at zero "
            "with\n"
            "the process. This page is made from the table in `bridge/io/metrics_table.cc`; a test fails when they "
            "differ.\n\n"
            "`tenant` stands only where `admin.tenant_labels` is on. Once a further series would exceed "
            "`admin.max_series`,\n"
            "what belongs to a tenant not seen before is counted under `tenant=\"other\"`, so sums stay right. Events "
            "without\n"
            "a usable tenant are counted under `tenant=\"(none)\"`.\n\n"
            "| metric | type | labels | meaning |\n|---|---|---|---|\n";
    for (const auto& each : kTable) {
        page << "| `" << each.name << "` | " << kind_name(each.kind) << " | " << each.labels << " | " << each.help
             << " |\n";
    }
    for (const auto& each : kTable) {
        if (each.kind != kHistogram) continue;
        page << "\nBuckets of `" << each.name << "`, upper bounds:";
        for (const double bound : each.buckets) page << ' ' << bound;
        page << "\n";
    }
    return page.str();
}

}  // namespace millrace::io
