// MetricFamilies: the rows of metrics_table.h as prometheus-cpp families, and PipelineSeries: the cached handles of one
// pipeline. Used by metrics.cc alone.
//
// Thread: every member from any thread; the handles are atomic or locked inside prometheus-cpp.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/fate.h"
#include "bridge/base/outcome.h"
#include "bridge/base/reason.h"
#include "bridge/base/shadow.h"
#include "bridge/io/metrics.h"
#include "bridge/io/metrics_table.h"

namespace millrace::io {

class MetricFamilies {
  public:
    explicit MetricFamilies(std::uint64_t max_series);

    prometheus::Counter& counter(Metric metric, const prometheus::Labels& labels);
    prometheus::Gauge& gauge(Metric metric, const prometheus::Labels& labels);
    prometheus::Histogram& histogram(Metric metric, const prometheus::Labels& labels);
    // Whether another shard has made the series already.
    [[nodiscard]] bool has_counter(Metric metric, const prometheus::Labels& labels) const;
    // Takes room for `count` series made because of a tenant, or says that there is none.
    bool reserve(std::uint64_t count);
    [[nodiscard]] std::string text() const;

  private:
    static constexpr std::size_t kCount = static_cast<std::size_t>(Metric::draining) + 1;

    prometheus::Registry registry_;
    std::array<prometheus::Family<prometheus::Counter>*, kCount> counters_{};
    std::array<prometheus::Family<prometheus::Gauge>*, kCount> gauges_{};
    std::array<prometheus::Family<prometheus::Histogram>*, kCount> histograms_{};
    std::uint64_t max_series_;
    std::atomic<std::uint64_t> series_ = 0;
};

// What is counted per tenant. A reason's series is made when it first happens.
struct TenantSeries {
    std::array<prometheus::Counter*, kEndingNames.size()> endings{};
    std::array<prometheus::Counter*, kReasonNames.size()> reasons{};
};

struct PipelineSeries {
    PipelineSeries(MetricFamilies& families, const std::string& pipeline, bool tenant_labels, const Asked& asked);

    // Labels of a series of an address.
    [[nodiscard]] prometheus::Labels labels(const AddressName& address) const;
    // Labels of a series of `tenant`; without tenant labels those of the pipeline.
    [[nodiscard]] prometheus::Labels labels(const std::string& tenant) const;

    MetricFamilies& families;
    std::string pipeline;
    bool tenant_labels;
    std::vector<AddressName> addresses;
    prometheus::Counter &messages, &bytes, &events, &redeliveries, &duplicates, &acks;
    prometheus::Histogram &latency, &request_duration, &batch_size;
    std::array<prometheus::Counter*, kOutcomeNames.size()> requests{};
    std::vector<std::array<prometheus::Counter*, kOutcomeNames.size()>> address_requests;
    std::array<prometheus::Counter*, kShadowCounts> shadow{};  // null where there is none
    std::array<prometheus::Counter*, kFateNames.size()> applied{};
    TenantSeries everyone;  // tenant="other", or no tenant label at all; complete from the start
};

}  // namespace millrace::io
