#include "bridge/settings/fingerprint.h"

#include <string>
#include <type_traits>
#include <variant>

#include "bridge/base/bytes.h"

namespace millrace::settings {
namespace {

// To be raised when the program itself reads events, computes or writes aggregates in another way than before.
constexpr std::uint64_t kMeaning = 2;
// The same, when it writes state in another way.
constexpr std::uint64_t kLayout = 2;

// Each list begins with its length, so that no two settings give equal bytes.
struct Scribe {
    ByteWriter out;

    template <typename Enum>
        requires std::is_enum_v<Enum>
    void write(Enum value) {
        out.number(static_cast<std::uint64_t>(value));
    }
    void write(bool value) { out.number(value ? 1 : 0); }
    void write(std::uint32_t value) { out.number(value); }
    void write(std::int64_t value) { out.signed_number(value); }
    void write(double value) { out.real(value); }
    void write(const std::string& value) { out.text(value); }
    void write(Duration value) { out.signed_number(value.count()); }
    void write(Null) {}
    void write(const RawJson& value) { out.text(value.text); }
    void write(const Value& value) {
        out.number(value.index());
        std::visit([this](const auto& held) { write(held); }, value);
    }
    void write(const std::optional<Duration>& value) {
        write(value.has_value());
        if (value) write(*value);
    }
    void write(const Window& window) {
        all(window.kind, window.size, window.hop, window.offset, window.timeout, window.max_duration);
    }
    void write(const Select& select) {
        all(select.name, select.function, select.operand.from, select.operand.path, select.fraction, select.most,
            select.ascending);
    }
    void write(const std::optional<std::string>& value) {
        write(value.has_value());
        if (value) write(*value);
    }
    void write(const Feature& feature) { all(feature.field, feature.fallback, feature.expression); }
    void write(const Condition& condition) { all(condition.select, condition.op, condition.literal); }
    void write(const Aggregate& aggregate) {
        all(aggregate.name, aggregate.window, aggregate.group_by, aggregate.select, aggregate.having,
            aggregate.partial);
    }
    template <typename T>
    void write(const std::vector<T>& list) {
        out.number(list.size());
        for (const T& each : list) write(each);
    }
    void all(const auto&... values) { (write(values), ...); }
};

}  // namespace

Digest fingerprint(const Pipeline& pipeline) {
    const Event& event = pipeline.event;
    Scribe scribe;
    scribe.out.number(kMeaning);
    scribe.all(pipeline.name, pipeline.generation, pipeline.partitions, pipeline.input.stream, pipeline.input.subject,
               has_endpoint(pipeline));
    scribe.all(event.timestamp, event.timestamp_unit, event.out_of_order_tolerance, event.late_arrival_tolerance,
               event.early_limit, event.on_late);
    scribe.write(pipeline.aggregates);
    scribe.write(event.features);
    scribe.all(pipeline.where, pipeline.bypass.to);
    // Results that lie one behind the other tell what is stored; those of before do not.
    if (pipeline.ordered) scribe.write(pipeline.ordered);
    return digest(scribe.out.bytes());
}

Digest layout(const Pipeline& pipeline) {
    Scribe scribe;
    scribe.out.number(kLayout);
    scribe.all(pipeline.name, pipeline.partitions);
    scribe.out.number(pipeline.aggregates.size());
    for (const Aggregate& aggregate : pipeline.aggregates)
        scribe.all(aggregate.name, aggregate.window, aggregate.group_by, aggregate.select);
    return digest(scribe.out.bytes());
}

}  // namespace millrace::settings
