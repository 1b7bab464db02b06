#include "bridge/io/metrics_series.h"

#include <prometheus/text_serializer.h>

#include <iterator>
#include <string_view>

#include "bridge/base/check.h"

namespace millrace::io {
namespace {

template <typename Builder>
auto& family(Builder builder, const MetricRow& row, prometheus::Registry& registry) {
    return builder.Name(std::string(row.name)).Help(std::string(row.help)).Register(registry);
}

prometheus::Labels with(prometheus::Labels labels, const std::string& name, std::string_view value) {
    labels[name] = std::string(value);
    return labels;
}

// In the order of ShadowCount.
struct ShadowSeries {
    Metric metric;
    std::string_view result;
};
constexpr ShadowSeries kShadowSeries[] = {
    {Metric::shadow_batches, "compared"}, {Metric::shadow_batches, "failed"},   {Metric::shadow_batches, "skipped"},
    {Metric::shadow_events, "same"},      {Metric::shadow_events, "different"}, {Metric::shadow_differences, "stored"},
    {Metric::shadow_differences, "lost"},
};
static_assert(std::size(kShadowSeries) == kShadowCounts);

constexpr std::size_t at(Metric metric) { return static_cast<std::size_t>(metric); }

}  // namespace

MetricFamilies::MetricFamilies(std::uint64_t max_series) : max_series_(max_series) {
    for (const auto& row : metric_rows()) {
        const std::size_t index = at(row.metric);
        switch (row.kind) {
            case MetricKind::counter:
                counters_[index] = &family(prometheus::BuildCounter(), row, registry_);
                break;
            case MetricKind::gauge:
                gauges_[index] = &family(prometheus::BuildGauge(), row, registry_);
                break;
            case MetricKind::histogram:
                histograms_[index] = &family(prometheus::BuildHistogram(), row, registry_);
                break;
        }
    }
    gauge(Metric::build_info, {{"version", MILLRACE_VERSION}}).Set(1);
}

prometheus::Counter& MetricFamilies::counter(Metric metric, const prometheus::Labels& labels) {
    MILLRACE_CHECK(counters_[at(metric)] != nullptr, "the metric's row says counter");
    return counters_[at(metric)]->Add(labels);
}

prometheus::Gauge& MetricFamilies::gauge(Metric metric, const prometheus::Labels& labels) {
    MILLRACE_CHECK(gauges_[at(metric)] != nullptr, "the metric's row says gauge");
    return gauges_[at(metric)]->Add(labels);
}

prometheus::Histogram& MetricFamilies::histogram(Metric metric, const prometheus::Labels& labels) {
    MILLRACE_CHECK(histograms_[at(metric)] != nullptr, "the metric's row says histogram");
    const auto buckets = row(metric).buckets;
    return histograms_[at(metric)]->Add(labels, std::vector<double>(buckets.begin(), buckets.end()));
}

bool MetricFamilies::has_counter(Metric metric, const prometheus::Labels& labels) const {
    return counters_[at(metric)] != nullptr && counters_[at(metric)]->Has(labels);
}

bool MetricFamilies::reserve(std::uint64_t count) {
    std::uint64_t now = series_;
    do {
        if (now + count > max_series_) return false;
    } while (!series_.compare_exchange_weak(now, now + count));
    return true;
}

std::string MetricFamilies::text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

PipelineSeries::PipelineSeries(MetricFamilies& given, const std::string& name, bool with_tenants, const Asked& asked)
    : families(given),
      pipeline(name),
      tenant_labels(with_tenants),
      addresses(asked.addresses),
      messages(given.counter(Metric::messages_received, {{"pipeline", name}})),
      bytes(given.counter(Metric::message_bytes_received, {{"pipeline", name}})),
      events(given.counter(Metric::events_received, {{"pipeline", name}})),
      redeliveries(given.counter(Metric::redeliveries, {{"pipeline", name}})),
      duplicates(given.counter(Metric::duplicates, {{"pipeline", name}})),
      acks(given.counter(Metric::acks, {{"pipeline", name}})),
      latency(given.histogram(Metric::result_latency, {{"pipeline", name}})),
      request_duration(given.histogram(Metric::request_duration, {{"pipeline", name}})),
      batch_size(given.histogram(Metric::batch_size, {{"pipeline", name}})) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
        requests[i] =
            &given.counter(Metric::requests, {{"pipeline", name}, {"outcome", std::string(kOutcomeNames[i])}});
    }
    for (const AddressName& address : addresses) {
        auto& of = address_requests.emplace_back();
        for (std::size_t i = 0; i < of.size(); ++i)
            of[i] = &given.counter(Metric::address_requests, with(labels(address), "outcome", kOutcomeNames[i]));
    }
    for (std::size_t i = 0; i < shadow.size() && asked.has_shadow; ++i) {
        const auto& [metric, result] = kShadowSeries[i];
        shadow[i] = &given.counter(metric, {{"pipeline", name}, {"result", std::string(result)}});
    }
    for (std::size_t i = 0; i < applied.size(); ++i) {
        applied[i] = &given.counter(Metric::applied_events, {{"pipeline", name}, {"fate", std::string(kFateNames[i])}});
    }
    const auto base = labels("other");
    for (std::size_t i = 0; i < everyone.endings.size(); ++i) {
        everyone.endings[i] = &given.counter(Metric::events, with(base, "outcome", kEndingNames[i]));
    }
    for (std::size_t i = 0; i < everyone.reasons.size(); ++i) {
        everyone.reasons[i] = &given.counter(Metric::dead_letters, with(base, "reason", kReasonNames[i]));
    }
}

prometheus::Labels PipelineSeries::labels(const AddressName& address) const {
    return {{"pipeline", pipeline}, {"address", address.name}, {"url", address.url}};
}

prometheus::Labels PipelineSeries::labels(const std::string& tenant) const {
    if (!tenant_labels) return {{"pipeline", pipeline}};
    return {{"pipeline", pipeline}, {"tenant", tenant}};
}

}  // namespace millrace::io
