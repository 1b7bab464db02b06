#include "bridge/io/metrics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "bridge/io/metrics_series.h"
#include "bridge/settings/addresses.h"

namespace millrace::io {
namespace {

double seconds(Duration duration) { return std::max(0.0, std::chrono::duration<double>(duration).count()); }

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// A gauge of a pipeline, folded from its shards' snapshots at each scrape.
enum class Fold { sum, all, any };
struct GaugeSource {
    Metric metric;
    Fold fold;
    double (*read)(const Snapshot&);
};

constexpr GaugeSource kGauges[] = {
    {Metric::requests_in_flight, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.in_flight); }},
    {Metric::concurrency_limit, Fold::sum, [](const Snapshot& s) { return s.concurrency_limit; }},
    {Metric::backlog, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.backlog); }},
    {Metric::open_deliveries, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.open_deliveries); }},
    {Metric::open_bytes, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.open_bytes); }},
    {Metric::queued_events, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.queued_events); }},
    {Metric::accused_events, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.accused); }},
    {Metric::publications, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.publications); }},
    {Metric::partitions, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.partitions); }},
    {Metric::bound_partitions, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.bound); }},
    {Metric::owned_partitions, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.owned); }},
    {Metric::state_bytes, Fold::sum, [](const Snapshot& s) { return static_cast<double>(s.state_bytes); }},
    {Metric::connected, Fold::all, [](const Snapshot& s) { return s.connected ? 1.0 : 0.0; }},
    {Metric::held, Fold::any, [](const Snapshot& s) { return s.hold.empty() ? 0.0 : 1.0; }},
    {Metric::halted, Fold::any, [](const Snapshot& s) { return s.halt.empty() ? 0.0 : 1.0; }},
    {Metric::draining, Fold::any, [](const Snapshot& s) { return s.draining ? 1.0 : 0.0; }},
};

double fold(Fold how, double left, double right) {
    switch (how) {
        case Fold::sum:
            return left + right;
        case Fold::all:
            return std::min(left, right);
        case Fold::any:
            return std::max(left, right);
    }
    return left;
}

// What all shards of a pipeline say of one address.
struct AddressGauges {
    std::array<double, kAddressStateNames.size()> states{};
    double in_flight = 0;
    double limit = 0;
};

void set_addresses(const PipelineSeries& pipeline, const std::vector<Snapshot>& snapshots, MetricFamilies& families) {
    std::vector<AddressGauges> all(pipeline.addresses.size());
    for (const Snapshot& snapshot : snapshots) {
        for (const AddressSnapshot& one : snapshot.addresses) {
            if (one.address >= all.size()) continue;
            AddressGauges& gauges = all[one.address];
            ++gauges.states[static_cast<std::size_t>(one.state)];
            gauges.in_flight += static_cast<double>(one.in_flight);
            gauges.limit += one.limit;
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        prometheus::Labels labels = pipeline.labels(pipeline.addresses[i]);
        families.gauge(Metric::address_in_flight, labels).Set(all[i].in_flight);
        families.gauge(Metric::address_limit, labels).Set(all[i].limit);
        for (std::size_t s = 0; s < kAddressStateNames.size(); ++s) {
            labels["state"] = kAddressStateNames[s];
            families.gauge(Metric::address_state, labels).Set(all[i].states[s]);
        }
    }
}

class ShardObserver final : public ports::Observer {
  public:
    using OnNote = std::function<void(std::string_view, const Note&)>;

    ShardObserver(PipelineSeries& series, std::uint32_t shard, const OnNote& on_note)
        : series_(series), shard_(shard), on_note_(on_note) {}

    void received(std::size_t bytes, std::size_t events, bool redelivery) override {
        series_.messages.Increment();
        series_.bytes.Increment(static_cast<double>(bytes));
        series_.events.Increment(static_cast<double>(events));
        if (redelivery) series_.redeliveries.Increment();
    }
    void settled(std::string_view tenant, Ending ending, std::optional<Reason> reason, bool duplicate,
                 Duration latency) override {
        {
            const std::lock_guard lock(mutex_);
            count(of(tenant.empty() ? "(none)" : tenant), ending, reason);
        }
        if (duplicate) series_.duplicates.Increment();
        series_.latency.Observe(seconds(latency));
    }
    void applied(const Fates& fates) override {
        for (std::size_t i = 0; i < fates.size(); ++i) {
            if (fates[i] > 0) series_.applied[i]->Increment(fates[i]);
        }
    }
    void acked() override { series_.acks.Increment(); }
    void requested(std::size_t rows) override { series_.batch_size.Observe(static_cast<double>(rows)); }
    void answered(std::size_t address, Outcome outcome, int, Duration elapsed) override {
        const auto index = static_cast<std::size_t>(outcome);
        series_.requests[index]->Increment();
        if (address < series_.address_requests.size()) series_.address_requests[address][index]->Increment();
        series_.request_duration.Observe(seconds(elapsed));
    }
    void shadowed(ShadowCount what, std::size_t count) override {
        auto* const series = series_.shadow[static_cast<std::size_t>(what)];
        if (series != nullptr) series->Increment(static_cast<double>(count));
    }
    void note(const Note& note) override { on_note_(series_.pipeline, note); }
    void publish(const Snapshot& snapshot) override {
        const std::lock_guard lock(mutex_);
        snapshot_ = snapshot;
    }

    [[nodiscard]] ShardStatus status() const {
        const std::lock_guard lock(mutex_);
        return {series_.pipeline, shard_, snapshot_, series_.addresses};
    }

  private:
    TenantSeries& of(std::string_view tenant) {
        if (!series_.tenant_labels) return series_.everyone;
        if (const auto known = tenants_.find(tenant); known != tenants_.end()) return known->second;
        auto labels = series_.labels(std::string(tenant));
        labels["outcome"] = kEndingNames[static_cast<std::size_t>(Ending::scored)];
        // One that has no room is not remembered: memory is bounded as well.
        if (!series_.families.has_counter(Metric::events, labels) && !series_.families.reserve(2))
            return series_.everyone;
        TenantSeries made;
        for (const Ending ending : {Ending::scored, Ending::dead}) {
            const auto index = static_cast<std::size_t>(ending);
            labels["outcome"] = kEndingNames[index];
            made.endings[index] = &series_.families.counter(Metric::events, labels);
        }
        return tenants_.emplace(tenant, made).first->second;
    }
    void count(TenantSeries& tenant, Ending ending, std::optional<Reason> reason) {
        const auto end = static_cast<std::size_t>(ending);
        if (tenant.endings[end] == nullptr)
            tenant.endings[end] =
                series(tenant, Metric::events, {"outcome", kEndingNames[end]}, series_.everyone.endings[end]);
        tenant.endings[end]->Increment();
        if (!reason) return;
        const auto why = static_cast<std::size_t>(*reason);
        if (tenant.reasons[why] == nullptr)
            tenant.reasons[why] =
                series(tenant, Metric::dead_letters, {"reason", kReasonNames[why]}, series_.everyone.reasons[why]);
        tenant.reasons[why]->Increment();
    }
    // One of a tenant that few tenants need; where there is no room for it, everybody's.
    prometheus::Counter* series(const TenantSeries& tenant, Metric metric,
                                std::pair<std::string_view, std::string_view> label, prometheus::Counter* everyone) {
        const auto named = std::ranges::find(tenants_, &tenant, [](const auto& each) { return &each.second; });
        auto labels = series_.labels(named->first);
        labels[std::string(label.first)] = label.second;
        if (!series_.families.has_counter(metric, labels) && !series_.families.reserve(1)) return everyone;
        return &series_.families.counter(metric, labels);
    }

    PipelineSeries& series_;
    std::uint32_t shard_;
    const OnNote& on_note_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, TenantSeries, TextHash, std::equal_to<>> tenants_;
    std::optional<Snapshot> snapshot_;
};

}  // namespace

struct Metrics::State {
    explicit State(Options given) : options(std::move(given)), families(options.max_series) {}

    Options options;
    MetricFamilies families;
    mutable std::mutex mutex;  // of what follows
    std::map<std::string, std::unique_ptr<PipelineSeries>> pipelines;
    std::vector<std::unique_ptr<ShardObserver>> shards;
};

Metrics::Metrics(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Metrics::~Metrics() = default;

Asked asked_by(const settings::Pipeline& pipeline) {
    Asked asked;
    asked.has_shadow = settings::has_shadow(pipeline);
    if (!settings::has_endpoint(pipeline)) return asked;
    const settings::Routes all = settings::routes(pipeline.endpoint);
    for (std::size_t i = 0; i < all.addresses.size(); ++i) {
        const std::string& url = all.addresses[i].url;
        asked.addresses.push_back({all.names[i], url.substr(0, url.find('?'))});
    }
    return asked;
}

ports::Observer& Metrics::add_shard(const std::string& pipeline, const Asked& asked) {
    const std::lock_guard lock(state_->mutex);
    auto& series = state_->pipelines[pipeline];
    if (!series)
        series = std::make_unique<PipelineSeries>(state_->families, pipeline, state_->options.tenant_labels, asked);
    const auto number = static_cast<std::uint32_t>(
        std::ranges::count_if(state_->shards, [&](const auto& each) { return each->status().pipeline == pipeline; }));
    state_->shards.push_back(std::make_unique<ShardObserver>(*series, number, state_->options.on_note));
    return *state_->shards.back();
}

void Metrics::add_vault_secret(const std::string& reference) {
    for (const char* const outcome : {"read", "failed"})
        state_->families.counter(Metric::vault_looks, {{"secret", reference}, {"outcome", outcome}});
    state_->families.gauge(Metric::vault_read_time, {{"secret", reference}});
}

void Metrics::looked_at_vault(const std::string& reference, bool read, ServerTime at) {
    const char* const outcome = read ? "read" : "failed";
    state_->families.counter(Metric::vault_looks, {{"secret", reference}, {"outcome", outcome}}).Increment();
    if (!read) return;
    const double seconds = std::chrono::duration<double>(at.time_since_epoch()).count();
    state_->families.gauge(Metric::vault_read_time, {{"secret", reference}}).Set(seconds);
}

std::vector<ShardStatus> Metrics::shards() const {
    std::vector<ShardStatus> out;
    const std::lock_guard lock(state_->mutex);
    for (const auto& shard : state_->shards) out.push_back(shard->status());
    return out;
}

std::string Metrics::text() const {
    std::map<std::string, std::vector<Snapshot>> pipelines;
    for (auto& shard : shards()) pipelines[shard.pipeline].push_back(shard.snapshot.value_or(Snapshot{}));
    for (const auto& [pipeline, snapshots] : pipelines) {
        for (const auto& source : kGauges) {
            double value = source.read(snapshots.front());
            for (std::size_t i = 1; i < snapshots.size(); ++i)
                value = fold(source.fold, value, source.read(snapshots[i]));
            state_->families.gauge(source.metric, {{"pipeline", pipeline}}).Set(value);
        }
    }
    const std::lock_guard lock(state_->mutex);
    for (const auto& [pipeline, snapshots] : pipelines)
        set_addresses(*state_->pipelines.at(pipeline), snapshots, state_->families);
    return state_->families.text();
}

}  // namespace millrace::io
