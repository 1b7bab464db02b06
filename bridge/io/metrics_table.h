// The metrics, one row each: name, kind, labels and meaning. The text on /metrics and the page docs/metrics.md both
// come from here; a new metric is a new row and the line in metrics.cc that moves it.
//
// Names are in base units (seconds, bytes) and begin with millrace_. Labels are a closed set, never taken from an event
// but for `tenant`, which is capped (metrics.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace millrace::io {

enum class Metric {
    build_info,
    messages_received,
    message_bytes_received,
    events_received,
    redeliveries,
    events,
    dead_letters,
    duplicates,
    result_latency,
    applied_events,
    acks,
    requests,
    request_duration,
    batch_size,
    requests_in_flight,
    concurrency_limit,
    address_state,
    address_requests,
    address_in_flight,
    address_limit,
    shadow_batches,
    shadow_events,
    shadow_differences,
    backlog,
    open_deliveries,
    open_bytes,
    queued_events,
    accused_events,
    publications,
    partitions,
    bound_partitions,
    owned_partitions,
    state_bytes,
    vault_looks,
    vault_read_time,
    connected,
    held,
    halted,
    draining,
};

enum class MetricKind { counter, gauge, histogram };

struct MetricRow {
    Metric metric;
    std::string_view name;
    MetricKind kind;
    std::string_view labels;  // separated by blanks
    std::string_view help;
    std::span<const double> buckets;  // upper bounds; histograms only
};

// In the order of `Metric`.
std::span<const MetricRow> metric_rows();
inline const MetricRow& row(Metric metric) { return metric_rows()[static_cast<std::size_t>(metric)]; }

// docs/metrics.md.
std::string metrics_page();

}  // namespace millrace::io
