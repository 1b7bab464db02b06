// A plan in words, for a person who looks at a seed.
#include "tests/sim/fault_class.h"
#include "tests/sim/plan.h"

namespace millrace::sim {
namespace {

void say(std::string& text, std::string_view name, double value) {
    if (value == 0) return;
    char number[48];
    std::snprintf(number, sizeof number, " %.*s %.3g", static_cast<int>(name.size()), name.data(), value);
    text += number;
}

double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

std::string Plan::text() const {
    const auto& e = pipeline.endpoint;
    std::string out = "seed " + std::to_string(seed) + ": " + std::to_string(events) + " events";
    say(out, "every", in_seconds(publish_every));
    out += ", " + std::to_string(tenants.size()) + " tenants, " + std::to_string(replicas) + " replicas, troubled for";
    say(out, "s:", in_seconds(troubled_for));
    out += ";";
    say(out, "partitions", pipeline.partitions);
    say(out, "batch", e.max_batch_count);
    say(out, "parallel", e.parallel_requests_per_partition);
    say(out, "ack_wait", in_seconds(pipeline.input.ack_wait));
    say(out, "window", in_seconds(duplicate_window));
    say(out, "max_ack_pending", pipeline.input.max_ack_pending);
    say(out, "timeout", in_seconds(e.timeout));
    say(out, "max_dead_letter_ratio", e.max_dead_letter_ratio);
    say(out, "addresses", static_cast<double>(e.addresses.size()));
    say(out, "tenants of their own", static_cast<double>(e.tenants.size()));
    out += "; " + e.protocol + (e.mix_tenants ? " mixed" : "") + (e.control.empty() ? "" : " control");
    if (where != nullptr) {
        constexpr std::string_view kTo[] = {"", ", others go past", ", others among the results"};
        out += "; where " + pipeline.where + std::string(kTo[static_cast<std::size_t>(pipeline.bypass.to)]);
    }
    return out + "; " + faults_in(*this);
}

}  // namespace millrace::sim
