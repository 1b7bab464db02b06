#include "tests/sim/fault_class.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {
namespace {

template <typename T>
bool clear(T& value) {
    return std::exchange(value, T{}) != T{};
}
bool clear(Trouble& trouble) { return clear(trouble.every); }
bool clear_limit(std::uint64_t& value) {
    return std::exchange(value, std::uint64_t{1} << 20) != std::uint64_t{1} << 20;
}
template <Kind kind>
bool clear_kind(Plan& plan) {
    return clear(plan.mix.odd[static_cast<std::size_t>(kind)]);
}

// clang-format off
constexpr FaultClass kClasses[] = {
    // what happens now and then
    {"crash",           [](Plan& p) { return clear(p.troubles.crash); }},
    {"restart",         [](Plan& p) { return clear(p.troubles.restart); }},
    {"freeze",          [](Plan& p) { return clear(p.troubles.freeze); }},
    {"disconnect",      [](Plan& p) { return clear(p.troubles.disconnect); }},
    {"server_stop",     [](Plan& p) { return clear(p.troubles.server_stop); }},
    {"condition",       [](Plan& p) { return clear(p.troubles.condition); }},
    {"leader",          [](Plan& p) { return clear(p.troubles.leader); }},
    {"consumer_gone",   [](Plan& p) { return clear(p.troubles.consumer_gone); }},
    {"output_full",     [](Plan& p) { return clear(p.troubles.output_full); }},
    {"denied",          [](Plan& p) { return clear(p.troubles.denied); }},
    {"wall_step",       [](Plan& p) { return clear(p.troubles.wall_step); }},
    {"clock_step",      [](Plan& p) { return clear(p.troubles.clock_step); }},
    {"input_anew",      [](Plan& p) { return clear(p.troubles.input_anew); }},
    {"unflushed_acks",  [](Plan& p) { return clear(p.unflushed_acks); }},
    {"forgetful",       [](Plan& p) { return clear(p.forgetful); }},
    // on the link
    {"lose_delivery",   [](Plan& p) { return clear(p.link.lose_delivery); }},
    {"double_delivery", [](Plan& p) { return clear(p.link.double_delivery); }},
    {"lose_status",     [](Plan& p) { return clear(p.link.lose_status); }},
    {"lose_pull",       [](Plan& p) { return clear(p.link.lose_pull); }},
    {"lose_ack",        [](Plan& p) { return clear(p.link.lose_ack); }},
    {"lose_progress",   [](Plan& p) { return clear(p.link.lose_progress); }},
    {"lose_publish",    [](Plan& p) { return clear(p.link.lose_publish); }},
    {"double_publish",  [](Plan& p) { return clear(p.link.double_publish); }},
    {"lose_puback",     [](Plan& p) { return clear(p.link.lose_puback); }},
    {"fail_bind",       [](Plan& p) { return clear(p.link.fail_bind); }},
    {"fail_find",       [](Plan& p) { return clear(p.link.fail_find); }},
    {"reorder",         [](Plan& p) { return clear(p.link.reorder); }},
    {"slow_link",       [](Plan& p) { return clear(p.link.slow); }},
    // at the endpoint
    {"throttle",        [](Plan& p) { return clear(p.model_faults.throttle); }},
    {"unavailable",     [](Plan& p) { return clear(p.model_faults.unavailable); }},
    {"error",           [](Plan& p) { return clear(p.model_faults.error); }},
    {"hang",            [](Plan& p) { return clear(p.model_faults.hang); }},
    {"refuse",          [](Plan& p) { return clear(p.model_faults.refuse); }},
    {"short_answer",    [](Plan& p) { return clear(p.model_faults.short_answer); }},
    {"garbage",         [](Plan& p) { return clear(p.model_faults.garbage); }},
    {"slow_answer",     [](Plan& p) { return clear(p.model_faults.slow); }},
    {"narrow_model",    [](Plan& p) { return std::exchange(p.model.concurrency, 64u) != 64u; }},
    {"small_body",      [](Plan& p) { return clear_limit(p.model.max_body); }},
    {"nonce",           [](Plan& p) { return clear(p.model.nonce); }},
    // in the events
    {"bad_elements",    [](Plan& p) { return clear(p.mix.bad_elements); }},
    {"hostile_tenants", [](Plan& p) { return clear(p.mix.hostile_tenants); }},
    {"largest",         [](Plan& p) { return clear(p.mix.largest); }},
    {"small_output",    [](Plan& p) { return clear_limit(p.max_message); }},
    {"poison",          clear_kind<Kind::poison>},
    {"unfit",           clear_kind<Kind::unfit>},
    {"refused",         clear_kind<Kind::refused>},
    {"raises",          clear_kind<Kind::raises>},
    {"fails",           clear_kind<Kind::fails>},
    {"slow",            clear_kind<Kind::slow>},
    {"crashes",         clear_kind<Kind::crashes>},
    {"bulky",           clear_kind<Kind::bulky>},
    // what does not heal
    {"dead_address",    [](Plan& p) { return std::exchange(p.permanent.dead_address, Condition::healthy) != Condition::healthy; }},
    {"dead_replica",    [](Plan& p) { return clear(p.permanent.dead_replica); }},
    {"bad_link",        [](Plan& p) { return clear(p.permanent.bad_link); }},
    {"slow_endpoint",   [](Plan& p) { return clear(p.permanent.slow_endpoint); }},
    {"refused_tenant",  [](Plan& p) { return clear(p.permanent.refused_tenant); }},
    {"lossy_acks",      [](Plan& p) { return clear(p.permanent.lossy_acks); }},
    // of owners' links; last, so that the others are drawn as before
    {"lose_read",       [](Plan& p) { return clear(p.link.lose_read); }},
    {"double_answer",   [](Plan& p) { return clear(p.link.double_answer); }},
    {"lose_purge",      [](Plan& p) { return clear(p.link.lose_purge); }},
    {"trim",            [](Plan& p) { return clear(p.troubles.trim); }},
    {"kills",           clear_kind<Kind::kills>},
    {"contract",        [](Plan& p) { return clear(p.troubles.contract); }},
    {"shadow",          [](Plan& p) { return !std::exchange(p.pipeline.endpoint.shadow, {}).address.url.empty(); }},
    {"audit",           [](Plan& p) { return !std::exchange(p.pipeline.audit, {}).subject.empty(); }},
    {"disaster",        [](Plan& p) { return clear(p.disaster); }},
};
// clang-format on

}  // namespace

std::span<const FaultClass> fault_classes() { return kClasses; }

const FaultClass* fault_class(std::string_view name) {
    const auto* found = std::ranges::find(kClasses, name, &FaultClass::name);
    return found == std::end(kClasses) ? nullptr : found;
}

std::string faults_in(const Plan& plan) {
    std::string names;
    for (const auto& one : kClasses) {
        if (Plan copy = plan; one.take(copy)) names.append(names.empty() ? "" : " ").append(one.name);
    }
    return names;
}

}  // namespace millrace::sim
